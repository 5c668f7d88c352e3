import type { Host } from '../../host/host.ts';
import { openTunnel, type Tunnel } from '../../host/tunnel.ts';
import type { World } from '../world.ts';

/**
 * A way from a port of this machine to a service that only `host` reaches. `port`: by default the service's own, or any
 * where that is taken. Says of each problem once why the service cannot be reached.
 */
export async function tunnelTo(
  url: string,
  host: Host,
  port: number | undefined,
  { err }: World,
): Promise<Tunnel> {
  const { hostname, port: given } = new URL(url);
  const far = Number(given) || 80;
  const problems = new Set<string>();
  return openTunnel({
    port: port ?? far,
    orAny: port === undefined,
    dial: async () => {
      if (host.dial === undefined) throw new Error('a host without a way to its network');
      return host.dial(hostname.replace(/^\[|\]$/g, ''), far);
    },
    onProblem: ({ message }) => {
      if (!problems.has(message)) err.write(`${host.name} cannot reach ${url}: ${message}\n`);
      problems.add(message);
    },
  });
}
