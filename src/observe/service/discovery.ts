import { Etcd3, type IWatchResponse, type Watcher } from 'etcd3';
import { onAbort } from '../../host/on-abort.ts';
import type { Instance } from '../../run/service-event.ts';
import type { Credentials } from './credentials.ts';
import { INSTANCES, parseRegistration, type Registrations } from './registrations.ts';

/** Milliseconds that etcd has to answer in. */
const TIMEOUT = 4000;
/** Milliseconds between words of etcd that nothing has changed: without one it does not answer any more. */
const ALIVE = 10_000;

/**
 * All registrations, and again after each change: a range, and then a watch from the revision after it, so that nothing
 * is missed between them. Rejects when the watch ends, be it that etcd cannot be reached or has compacted what was to
 * be watched; whoever calls again starts with a range. `port`: of this machine's loopback or of `host`.
 */
export async function watchRegistrations(
  { host, port }: { readonly host: string; readonly port: number },
  { etcd: login, tls }: Credentials,
  onChange: (all: Registrations) => void,
  signal: AbortSignal,
): Promise<void> {
  const deadline = () => ({ deadline: Date.now() + TIMEOUT });
  const client = new Etcd3({
    hosts: `${tls ? 'https' : 'http'}://${host}:${port}`,
    ...(tls && {
      credentials: {
        rootCertificate: Buffer.from(tls.certificate),
        certChain: Buffer.from(tls.certificate),
        privateKey: Buffer.from(tls.key),
      },
    }),
    ...(login && { auth: { ...login, callOptions: deadline } }),
    defaultCallOptions: ({ isStream }) => (isStream ? {} : deadline()),
    grpcOptions: {
      'grpc.keepalive_time_ms': ALIVE,
      'grpc.keepalive_timeout_ms': TIMEOUT,
    },
  });
  let watcher: Watcher | undefined;
  try {
    const { header, kvs } = await client.getAll().prefix(INSTANCES).exec();
    const known = new Map<string, Instance>();
    for (const { key, value } of kvs) put(known, key, value);
    const told = (revision: string) => onChange({ revision, instances: [...known.values()] });
    told(header.revision);
    // Not create(): it would hide a watcher that never gets a connection.
    watcher = client
      .watch()
      .prefix(INSTANCES)
      .startRevision(String(BigInt(header.revision) + 1n))
      .watcher();
    await ended(watcher, signal, (change) => {
      for (const { type, kv } of change.events) {
        if (type === 'Delete') known.delete(kv.key.toString());
        else put(known, kv.key, kv.value);
      }
      if (change.events.length > 0) told(change.header.revision);
    });
  } finally {
    // A watcher that is left would be tried again and again.
    if (watcher) await Promise.race([watcher.cancel(), new Promise((resolve) => setTimeout(resolve, 300))]);
    client.close();
  }
}

function put(known: Map<string, Instance>, key: Buffer, value: Buffer): void {
  const instance = parseRegistration(key.toString(), value.toString());
  if (instance) known.set(key.toString(), instance);
}

/** Resolves with the abort. @throws Error when the watch ends by itself. */
function ended(
  watcher: Watcher,
  signal: AbortSignal,
  onData: (change: IWatchResponse) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, resolve);
    const fail = (error: Error) => {
      forget();
      reject(error);
    };
    watcher.on('data', onData);
    watcher.on('error', fail);
    watcher.on('disconnected', (error) => fail(error ?? new Error('the connection is lost')));
  });
}
