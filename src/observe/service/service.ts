import type { Host } from '../../host/host.ts';
import { unlessAborted } from '../../host/on-abort.ts';
import { openTunnel } from '../../host/tunnel.ts';
import type { ServiceEvent } from '../../run/service-event.ts';
import { Mailbox } from '../mailbox.ts';
import { readCredentials } from './credentials.ts';
import { instancesEvent } from './etcd-source.ts';
import type { Place, Places } from './places.ts';
import { watchRecorded } from './recorded-source.ts';
import { persist, Report } from './report.ts';
import { type WayThere, wayThere } from './way.ts';
import { Web } from './web.ts';
import { watchWeb } from './web-source.ts';

export interface ServiceWatch {
  readonly host: Host;
  /** Where the attempt keeps its logs and state. */
  readonly attemptDir: string;
  readonly places: Places;
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
  const letters = new Mailbox<ServiceEvent>();
  const report = new Report(letters, watch.now);
  const way = wayThere(watch.host);
  const web = new Web(way);
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const reach = { frontends: true };
  const sources = [
    watchEtcd(watch, way, report, either),
    watchNats(watch, way, report, either),
    watchWeb(
      {
        ...watch,
        web,
        via: way.via,
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
  for (const source of sources) source.catch((error: unknown) => letters.fail(error));
  try {
    yield* letters.read(either);
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

async function watchEtcd(
  { host, attemptDir, places }: ServiceWatch,
  way: WayThere,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const { etcd } = places;
  if (etcd === undefined) return;
  const { watchRegistrations } = await libraries();
  await persist(
    'etcd',
    way.via,
    report,
    async (up) => {
      const credentials = await readCredentials(host, attemptDir);
      await through(way, etcd, (near) =>
        watchRegistrations(
          near,
          credentials,
          (all) => {
            up();
            report.tell(instancesEvent(all, places));
          },
          signal,
        ),
      );
    },
    signal,
  );
}

async function watchNats(
  { host, attemptDir, places }: ServiceWatch,
  way: WayThere,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const { nats } = places;
  if (nats === undefined) return;
  const { watchBus } = await libraries();
  await persist(
    'nats',
    way.via,
    report,
    async (up) => {
      const credentials = await readCredentials(host, attemptDir);
      await through(way, nats, (near) =>
        watchBus(
          near,
          credentials,
          BUS_EVERY,
          (bus) => {
            up();
            // Round trips differ each time, which is no news.
            const { milliseconds: _, ...lasting } = bus;
            report.tellChange({ kind: 'bus', ...bus }, JSON.stringify(lasting));
          },
          signal,
        ),
      );
    },
    signal,
  );
}

/** Libraries that dial by themselves get a port of this machine's loopback, which leads there. */
async function through(
  { via, dial }: WayThere,
  place: Place,
  use: (near: { readonly host: string; readonly port: number }) => Promise<void>,
): Promise<void> {
  if (via === 'direct') return use({ host: place.address, port: place.port });
  let problem: Error | undefined;
  const tunnel = await openTunnel({
    port: 0,
    orAny: true,
    dial: () => dial(place),
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
