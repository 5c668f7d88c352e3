import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AsyncQueue } from '../../src/observe/async-queue.ts';
import { watchRegistrations } from '../../src/observe/service/discovery.ts';
import { persist, Report } from '../../src/observe/service/report.ts';
import { findTools, toolsPlace } from '../../src/rehearsal/tools/tools.ts';
import type { ServiceEvent } from '../../src/run/service-event.ts';

const HOST = '127.0.77.10';
const PORT = 2379;
const folder = mkdtempSync(join(tmpdir(), 'dyn-slurm-discovery-'));
const root = join(import.meta.dirname, '../..');
let etcd: ChildProcess;

const urls = (port: number) => `http://${HOST}:${port}`;

async function startEtcd(): Promise<void> {
  const tools = findTools(toolsPlace({ env: process.env, home: homedir(), packageRoot: root }));
  if (!tools) throw new Error('the tools of a rehearsal are not there');
  const client = urls(PORT);
  const peer = urls(PORT + 1);
  etcd = spawn(
    join(tools.bin, 'etcd'),
    [
      ...['--name', 'head', '--data-dir', join(folder, 'data'), '--log-level', 'error'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...[
        '--listen-peer-urls',
        peer,
        '--initial-advertise-peer-urls',
        peer,
        '--initial-cluster',
        `head=${peer}`,
      ],
    ],
    { stdio: 'ignore' },
  );
  for (;;) {
    try {
      await post('kv/range', { key: base64('a') });
      return;
    } catch {
      await sleep(50);
    }
  }
}

async function stopEtcd(): Promise<void> {
  etcd.kill('SIGKILL');
  await once(etcd, 'close');
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function post(path: string, body: object): Promise<{ header: { revision: string } }> {
  const answer = await fetch(`${urls(PORT)}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as { header: { revision: string } };
}

const key = (lease: string) => `v1/instances/dynamo/backend/generate/${lease}`;
const put = (lease: string) =>
  post('kv/put', { key: base64(key(lease)), value: base64(`{"transport":{"tcp":"10.0.0.1:7/${lease}"}}`) });
const remove = (lease: string) => post('kv/deleterange', { key: base64(key(lease)) });

beforeAll(startEtcd);
afterAll(async () => {
  await stopEtcd();
  rmSync(folder, { recursive: true });
});

/** What is seen as registered; can be waited for. */
class Seen {
  leases: readonly string[] = [];
  readonly revisions: bigint[] = [];
  #ring = () => {};

  hear(leases: readonly string[], revision: string): void {
    this.leases = leases.toSorted();
    this.revisions.push(BigInt(revision));
    this.#ring();
  }

  async become(...leases: readonly string[]): Promise<void> {
    while (this.leases.join() !== leases.join()) {
      await new Promise<void>((resolve) => {
        this.#ring = resolve;
      });
    }
  }
}

test('sees what comes and goes, over a compaction and an etcd that is gone for a while', async () => {
  const seen = new Seen();
  const stop = new AbortController();
  const queue = new AsyncQueue<ServiceEvent>();
  await put('1758a20ccd157f25');
  await post('kv/put', { key: base64('v1/mdc/other'), value: base64('{}') });
  const watching = persist(
    'etcd',
    'direct',
    new Report(queue, () => new Date()),
    (up) =>
      watchRegistrations(
        { host: HOST, port: PORT },
        {},
        ({ instances, revision }) => {
          up();
          seen.hear(
            instances.map(({ lease }) => lease),
            revision,
          );
        },
        stop.signal,
      ),
    stop.signal,
  );
  await seen.become('1758a20ccd157f25');
  await put('1758a20ccd157f26');
  await seen.become('1758a20ccd157f25', '1758a20ccd157f26');
  await remove('1758a20ccd157f25');
  await seen.become('1758a20ccd157f26');

  // What happens while nobody listens is compacted away, and shows in the next range.
  await stopEtcd();
  await startEtcd();
  const { header } = await put('1758a20ccd157f27');
  await remove('1758a20ccd157f26');
  await post('kv/compaction', { revision: header.revision });
  await seen.become('1758a20ccd157f27');
  await put('1758a20ccd157f28');
  await seen.become('1758a20ccd157f27', '1758a20ccd157f28');
  stop.abort();
  await watching;
  expect(seen.revisions).toEqual(seen.revisions.toSorted((a, b) => Number(a - b)));
});

test('an etcd that is not there, or wants a password, is an error, and leaves nothing behind', async () => {
  const stop = new AbortController();
  await expect(watchRegistrations({ host: HOST, port: 9 }, {}, () => {}, stop.signal)).rejects.toThrow(
    /UNAVAILABLE|ECONNREFUSED/,
  );
  await post('auth/user/add', { name: 'root', password: 'secret' });
  await post('auth/role/add', { name: 'root' });
  await post('auth/user/grant', { user: 'root', role: 'root' });
  await post('auth/enable', {});
  const place = { host: HOST, port: PORT };
  await expect(watchRegistrations(place, {}, () => {}, stop.signal)).rejects.toThrow(/user name is empty/);
  const wrong = { username: 'root', password: 'wrong' };
  await expect(watchRegistrations(place, { etcd: wrong }, () => {}, stop.signal)).rejects.toThrow(
    /authentication failed/,
  );
  const login = { username: 'root', password: 'secret' };
  const all = await new Promise<number>((resolve, reject) => {
    watchRegistrations(
      place,
      { etcd: login },
      ({ instances }) => resolve(instances.length),
      stop.signal,
    ).catch(reject);
  });
  expect(all).toBe(2);
  stop.abort();
});
