import { connect, type NatsConnection, RequestStrategy } from 'nats';
import { unlessAborted } from '../../host/on-abort.ts';
import { pause } from '../../host/pause.ts';
import { timeLimit } from '../../host/time-limit.ts';
import type { ServiceEventOf } from '../../run/service-event.ts';
import type { Credentials } from './credentials.ts';

export type BusState = Omit<ServiceEventOf<'bus'>, 'time' | 'kind'>;

/** Milliseconds. */
const TIMEOUT = 4000;
const SERVICES_IN = 750;
/** For all that is asked in one look. */
const LOOK_TIMEOUT = 10_000;

/**
 * How NATS is, every `every` milliseconds, until the abort: a round trip, JetStream's account, and what Dynamo's services
 * say of themselves. Rejects when the connection is lost.
 */
export async function watchBus(
  { host, port }: { readonly host: string; readonly port: number },
  { nats: login, tls }: Credentials,
  every: number,
  onLook: (bus: BusState) => void,
  signal: AbortSignal,
): Promise<void> {
  const connecting = connect({
    servers: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    ...(login && { user: login.username, pass: login.password }),
    ...(tls && { tls: { ca: tls.certificate, cert: tls.certificate, key: tls.key } }),
    name: 'dyn-slurm',
    reconnect: false,
    timeout: TIMEOUT,
    pingInterval: TIMEOUT,
  });
  const nats = await unlessAborted(connecting, signal, 0);
  if (nats === undefined) {
    await connecting.then((late) => late.close());
    return;
  }
  const stop = new AbortController();
  const lost = nats.closed().then((error) => {
    stop.abort();
    return error;
  });
  const either = AbortSignal.any([signal, stop.signal]);
  try {
    do {
      const bus = await unlessAborted(look(nats), timeLimit(LOOK_TIMEOUT), 0);
      if (bus === undefined) throw new Error(`NATS gave no answer within ${LOOK_TIMEOUT / 1000} s`);
      onLook(bus);
    } while (await pause(every, either));
    if (!signal.aborted) throw (await lost) ?? new Error('NATS has closed the connection');
  } finally {
    await nats.close();
  }
}

async function look(nats: NatsConnection): Promise<BusState> {
  const milliseconds = await nats.rtt();
  const [jetstream, services] = await Promise.all([streamsOf(nats), servicesOf(nats)]);
  return {
    server: nats.info?.version ?? '',
    milliseconds,
    ...(jetstream && { jetstream }),
    services,
  };
}

async function streamsOf(nats: NatsConnection): Promise<BusState['jetstream']> {
  try {
    const manager = await nats.jetstreamManager({ timeout: TIMEOUT });
    const { streams, consumers, memory, storage } = await manager.getAccountInfo();
    let messages = 0;
    for await (const { state } of manager.streams.list()) messages += state.messages;
    return { streams, consumers, messages, bytes: memory + storage };
  } catch (error) {
    // A NATS without JetStream is one, too.
    if (isNatsError(error)) return undefined;
    throw error;
  }
}

/** `$SRV.STATS`, by the service's name. Where requests travel by TCP nobody answers. */
async function servicesOf(nats: NatsConnection): Promise<BusState['services']> {
  const services = new Map<string, { name: string; instances: number; requests: number; errors: number }>();
  try {
    for await (const { name, endpoints } of await statsOf(nats)) {
      const own = services.get(name) ?? { name, instances: 0, requests: 0, errors: 0 };
      own.instances += 1;
      for (const { num_requests, num_errors } of endpoints ?? []) {
        own.requests += num_requests;
        own.errors += num_errors;
      }
      services.set(name, own);
    }
  } catch (error) {
    if (!isNatsError(error)) throw error;
  }
  return [...services.values()].sort((a, b) => a.name.localeCompare(b.name));
}

function statsOf(nats: NatsConnection) {
  return nats.services.client({ strategy: RequestStrategy.Timer, maxWait: SERVICES_IN }).stats();
}

const isNatsError = (error: unknown): boolean => error instanceof Error && error.name === 'NatsError';
