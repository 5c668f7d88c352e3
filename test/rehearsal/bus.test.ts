import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BusState, watchBus } from '../../src/observe/service/bus.ts';
import { findTools, toolsPlace } from '../../src/rehearsal/tools/tools.ts';

const PLACE = { host: '127.0.77.11', port: 4222 };
const LOGIN = { username: 'dyn-slurm', password: 'p1' };
const folder = mkdtempSync(join(tmpdir(), 'dyn-slurm-bus-'));
const packageRoot = join(import.meta.dirname, '../..');
let server: ChildProcess;

const login = (): Promise<NatsConnection> =>
  connect({ servers: `${PLACE.host}:${PLACE.port}`, user: LOGIN.username, pass: LOGIN.password });

beforeAll(async () => {
  const tools = findTools(toolsPlace({ env: process.env, home: homedir(), packageRoot }));
  if (!tools) throw new Error('the tools of a rehearsal are not there');
  const where = ['--addr', PLACE.host, '--port', String(PLACE.port), '-js', '-sd', folder];
  const who = ['--user', LOGIN.username, '--pass', LOGIN.password];
  server = spawn(join(tools.bin, 'nats-server'), [...where, ...who], { stdio: 'ignore' });
  for (;;) {
    try {
      await (await login()).close();
      return;
    } catch {
      await sleep(50);
    }
  }
});
afterAll(async () => {
  server.kill('SIGKILL');
  if (server.exitCode === null && server.signalCode === null) await once(server, 'close');
  rmSync(folder, { recursive: true });
});

test('reads streams and services, until NATS is gone', async () => {
  // As Dynamo 0.6 has them.
  const dynamo = await login();
  const services = await Promise.all(
    [1, 2].map(() => dynamo.services.add({ name: 'dynamo_backend', version: '0.0.1', description: '' })),
  );
  for (const [index, service] of services.entries()) {
    service.addEndpoint('generate', {
      subject: `dynamo_backend.generate-${index}`,
      handler: (error, message) => (error ? undefined : message.respond('ok')),
    });
  }
  const streams = await dynamo.jetstreamManager();
  await streams.streams.add({ name: 'namespace-dynamo-component-backend-kv-events', subjects: ['kv.*'] });
  await dynamo.jetstream().publish('kv.1', 'event');
  for (const index of [0, 0, 1]) await dynamo.request(`dynamo_backend.generate-${index}`);

  const looks: BusState[] = [];
  const never = new AbortController().signal;
  let heard = () => {};
  const watching = watchBus(
    PLACE,
    { nats: LOGIN },
    20,
    (look) => {
      looks.push(look);
      heard();
    },
    never,
  );
  const ended = expect(watching).rejects.toThrow();
  while (looks.length < 2) {
    await new Promise<void>((resolve) => {
      heard = resolve;
    });
  }
  expect(looks.at(-1)).toEqual({
    server: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    milliseconds: expect.any(Number),
    jetstream: { streams: 1, consumers: 0, messages: 1, bytes: expect.any(Number) },
    services: [{ name: 'dynamo_backend', instances: 2, requests: 3, errors: 0 }],
  });
  await dynamo.close();
  server.kill('SIGKILL');
  await ended;
});

test('a NATS that is not there is an error', async () => {
  const nowhere = { ...PLACE, port: 9 };
  await expect(
    watchBus(nowhere, { nats: LOGIN }, 20, () => {}, new AbortController().signal),
  ).rejects.toThrow(/REFUSED/);
});
