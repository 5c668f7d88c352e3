import type { Instance } from '../../run/service-event.ts';
import { parseBigJson } from './big-json.ts';

export const INSTANCES = 'v1/instances/';

const KEY = /^v1\/instances\/([^/]+)\/([^/]+)\/([^/]+)\/([0-9a-f]+)$/;

/**
 * A registration from its key, `v1/instances/NAMESPACE/COMPONENT/ENDPOINT/LEASE`, and its value; undefined for other keys.
 * The id is the lease's number, which JSON.parse would round.
 */
export function parseRegistration(key: string, value: string): Instance | undefined {
  const [, namespace, component, endpoint, lease] = KEY.exec(key) ?? [];
  if (!namespace || !component || !endpoint || !lease) return undefined;
  const address = addressIn(value);
  return {
    namespace,
    component,
    endpoint,
    id: BigInt(`0x${lease}`).toString(),
    lease,
    ...(address && { address }),
  };
}

/** Of `{"transport":{"tcp":"ADDRESS:PORT/LEASE/…"}}`; a subject of NATS tells none. */
function addressIn(value: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = parseBigJson(value);
  } catch {
    return undefined;
  }
  const { transport } = (parsed ?? {}) as { readonly transport?: { readonly tcp?: unknown } };
  const tcp = transport?.tcp;
  return typeof tcp === 'string' ? tcp.split('/')[0] : undefined;
}
