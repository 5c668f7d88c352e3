import type { Host } from '../../host/host.ts';
import { unlessAborted } from '../../host/on-abort.ts';
import { openTunnel } from '../../host/tunnel.ts';
import type { ServiceEvent, ServiceEventBody } from '../../run/service-event.ts';
import { AsyncQueue } from '../async-queue.ts';
import { readCredentials } from './credentials.ts';
import { dialerFor, type NodeDialer } from './dialer.ts';
import type { HostPort, ServiceEndpoints } from './endpoints.ts';
import { watchRecorded } from './recorded-source.ts';
import { instancesEvent } from './registrations.ts';
import { persist, Report } from './report.ts';
import { Web } from './web.ts';
import { watchWeb } from './web-source.ts';

export interface ServiceWatch {
  readonly host: Host;
  /** The folder with the attempt's logs and state. */
  readonly attemptDir: string;
  readonly endpoints: ServiceEndpoints;
  readonly now: () => Date;
  /** Milliseconds between looks at metrics. */
  readonly every?: number;
}

/** Milliseconds. */
const EVERY = 1000;
const BUS_EVERY = 5000;
/** Milliseconds that all sources together may take to close; a login node or a NATS that is silent takes for ever. */
const CLOSING = 300;

/**
 * What the sources of a running service tell, until the abort. Those that cannot be reached are `missing`, and tried
 * again; where that are the frontends, what the job records of them stands in.
 */
export async function* observeService(
  watch: ServiceWatch,
  signal: AbortSignal,
): AsyncGenerator<ServiceEvent> {
  const queue = new AsyncQueue<ServiceEvent>();
  const report = new Report(queue, watch.now);
  const dialer = dialerFor(watch.host);
  const web = new Web(dialer);
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const reach = { frontends: true };
  const sources = [
    watchInfra('etcd', watch, dialer, report, either),
    watchInfra('nats', watch, dialer, report, either),
    watchWeb(
      {
        ...watch,
        web,
        via: dialer.via,
        every: watch.every ?? EVERY,
        onReach: (reached) => {
          reach.frontends = reached;
        },
      },
      report,
      either,
    ),
    watchRecorded(watch, () => !reach.frontends, report, either),
  ];
  for (const source of sources) source.catch((error: unknown) => queue.fail(error));
  try {
    yield* queue.read(either);
  } finally {
    stop.abort();
    await unlessAborted(Promise.allSettled(sources), either, CLOSING);
    report.close();
    web.close();
  }
}

/** Loading them takes a while, in which nobody hears what NATS says: both are there before either is used. */
async function libraries() {
  const [discovery, bus] = await Promise.all([import('./discovery.ts'), import('./bus.ts')]);
  return { ...discovery, ...bus };
}

/** etcd or NATS, again and again where the connection ends. */
async function watchInfra(
  source: 'etcd' | 'nats',
  { host, attemptDir, endpoints }: ServiceWatch,
  dialer: NodeDialer,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const endpoint = endpoints[source];
  if (endpoint === undefined) return;
  const { watchRegistrations, watchBus } = await libraries();
  const read = async (up: () => void) => {
    const credentials = await readCredentials(host, attemptDir);
    await through(dialer, endpoint, (near) =>
      source === 'etcd'
        ? watchRegistrations(near, credentials, (all) => hear(up, instancesEvent(all, endpoints)), signal)
        : watchBus(near, credentials, BUS_EVERY, (bus) => hear(up, { kind: 'bus', ...bus }), signal),
    );
  };
  const hear = (up: () => void, event: ServiceEventBody) => {
    up();
    // Round trips differ each time, which is no news.
    if (event.kind === 'bus') report.tellChange(event, JSON.stringify({ ...event, milliseconds: 0 }));
    else report.tell(event);
  };
  await persist(source, dialer.via, report, read, signal);
}

/** Libraries that dial by themselves get a port of this machine's loopback, which leads there. */
async function through(
  { via, dial }: NodeDialer,
  endpoint: HostPort,
  use: (near: { readonly host: string; readonly port: number }) => Promise<void>,
): Promise<void> {
  if (via === 'direct') return use({ host: endpoint.address, port: endpoint.port });
  let problem: Error | undefined;
  const tunnel = await openTunnel({
    port: 0,
    orAny: true,
    dial: () => dial(endpoint),
    onProblem: (error) => {
      problem = error;
    },
  });
  try {
    await use({ host: '127.0.0.1', port: tunnel.port });
  } catch (error) {
    throw problem ?? error;
  } finally {
    tunnel.close();
  }
}
