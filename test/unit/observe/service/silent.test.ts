import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import process from 'node:process';
import { afterEach, expect, test, vi } from 'vitest';
import type { Host } from '../../../../src/host/host.ts';
import { localHost } from '../../../../src/host/local.ts';
import { untilAbort } from '../../../../src/host/until-abort.ts';
import type { HostPort, ServiceEndpoints } from '../../../../src/observe/service/endpoints.ts';
import { observeService } from '../../../../src/observe/service/service.ts';

const opened: { close(): void }[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const one of opened.splice(0)) one.close();
});

/** Takes every connection, says `greeting`, and nothing more. */
async function silent(
  greeting = '',
): Promise<{ readonly endpoint: HostPort; readonly taken: Promise<unknown> }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.resume().write(greeting);
  }).listen(0, '127.0.0.1');
  const taken = once(server, 'connection');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  opened.push({
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
  return { endpoint: { address: '127.0.0.1', port: address.port }, taken };
}

const GREETING = `INFO ${JSON.stringify({ server_id: 's', version: '2.10.0', proto: 1, max_payload: 1048576 })}\r\n`;
const never = () => new Promise<never>(() => {});

/** A login node that answers nothing, and one that only the way to the nodes hangs on. */
const hosts: Readonly<Record<string, () => Host>> = {
  'no login node': () => localHost({ path: [], env: {} }),
  'a login node that answers nothing': () => ({
    ...localHost({ path: [], env: {} }),
    readText: never,
    read: never,
    list: never,
    dial: never,
  }),
  'a login node that opens no dialer': () => ({ ...localHost({ path: [], env: {} }), dial: never }),
};

// Time stands still but for the milliseconds that closing may take: what waits for a source waits for ever.
test.each([
  ['no login node', ''],
  ['no login node', GREETING],
  ['a login node that answers nothing', ''],
  ['a login node that opens no dialer', ''],
])(
  'the abort ends the observing of sources that take connections and say nothing: %s, "%s"',
  async (host, greeting) => {
    const [etcd, nats, frontend, worker] = await Promise.all([
      silent(),
      silent(greeting),
      silent(),
      silent(),
    ]);
    const endpoints: ServiceEndpoints = {
      etcd: etcd.endpoint,
      nats: nats.endpoint,
      frontends: [{ step: 'frontend-0', ...frontend.endpoint }],
      workers: [{ step: 'decode-0', role: 'decode', system: worker.endpoint, registers: ['127.0.0.1:7777'] }],
      readiness: { model: 'm', endpoints: [], readyRoute: true },
    };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const stop = new AbortController();
    const made = hosts[host]?.();
    if (made === undefined) throw new Error('no such host');
    const events = observeService(
      { host: made, attemptDir: '/nowhere', endpoints, now: () => new Date() },
      stop.signal,
    );
    const end = events.next();
    if (made.dial === undefined) await Promise.all([etcd.taken, nats.taken, frontend.taken, worker.taken]);
    stop.abort();
    await vi.advanceTimersByTimeAsync(300);
    expect(await end).toEqual({ done: true, value: undefined });
  },
);

test('a source that does not end by itself is left alone, and so is one that is left early', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const hanging = async function* () {
    try {
      yield 1;
      await never();
    } finally {
      await never();
    }
  };
  const stop = new AbortController();
  const read = untilAbort(hanging(), stop.signal);
  expect(await read.next()).toEqual({ done: false, value: 1 });
  const next = read.next();
  stop.abort();
  await vi.advanceTimersByTimeAsync(600);
  expect(await next).toEqual({ done: true, value: undefined });

  const left = untilAbort(hanging(), new AbortController().signal);
  await left.next();
  const returned = left.return(undefined);
  await vi.advanceTimersByTimeAsync(300);
  expect(await returned).toEqual({ done: true, value: undefined });
});

test('as many as there are may be asked at once, and none of them listens afterwards', async () => {
  const warnings: Error[] = [];
  const hear = (warning: Error) => void warnings.push(warning);
  process.on('warning', hear);
  const frontend = await silent();
  const workers = await Promise.all(Array.from({ length: 14 }, () => silent()));
  const stop = new AbortController();
  const listeners = vi.spyOn(AbortSignal.prototype, 'addEventListener');
  const removed = vi.spyOn(AbortSignal.prototype, 'removeEventListener');
  const events = observeService(
    {
      host: localHost({ path: [], env: {} }),
      attemptDir: '/nowhere',
      endpoints: {
        frontends: [{ step: 'frontend-0', ...frontend.endpoint }],
        workers: workers.map(({ endpoint }, index) => ({
          step: `decode-${index}`,
          role: 'decode',
          system: endpoint,
          registers: [`127.0.0.1:${index}`],
        })),
        readiness: { model: 'm', endpoints: [], readyRoute: true },
      },
      now: () => new Date(),
    },
    stop.signal,
  );
  const end = events.next();
  await Promise.all(workers.map(({ taken }) => taken));
  expect(listeners.mock.calls.length).toBeGreaterThan(14);
  expect(removed.mock.calls.length).toBeLessThan(listeners.mock.calls.length);
  stop.abort();
  await end;
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([]);
  process.off('warning', hear);
});
