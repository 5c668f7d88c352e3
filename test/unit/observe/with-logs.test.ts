import { copyFile, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { localHost } from '../../../src/host/local.ts';
import { withLogs } from '../../../src/observe/log-watch.ts';
import type { ObservedEvent, Outcome } from '../../../src/run/events.ts';
import { packageRoot } from '../../world.ts';

const UNREACHABLE =
  'ERROR dynamo_runtime::transports::etcd: transport error: tcp connect error: Connection refused (os error 111)\n';
const BATCH =
  '[2025-12-10 13:50:30 TP0] Decode batch, #running-req: 3, gen throughput (token/s): 100.00, #queue-req: 0\n';

function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/**
 * The kinds of events of a run whose worker says, once the job is torn down, that it cannot reach etcd. It serves
 * meanwhile, so that its rates show when the log has been read.
 */
async function kinds(outcome: Outcome): Promise<readonly string[]> {
  const dir = await mkdtemp(join(tmpdir(), 'dyn-slurm-run-'));
  await mkdir(join(dir, 'logs'));
  await copyFile(join(packageRoot, 'test/fixtures/runs/plan.json'), join(dir, 'plan.json'));
  const read = gate();
  const time = '2025-12-10T13:50:31.000Z';
  async function* own(): AsyncGenerator<ObservedEvent> {
    yield { time, kind: 'step-started', step: 'decode-0', role: 'decode', nodes: ['node3'] };
    yield { time, kind: 'teardown', outcome, reason: 'as told' };
    await writeFile(join(dir, 'logs', 'decode-0.node3.log'), UNREACHABLE + BATCH);
    await read.opened;
  }
  const host = localHost({ path: [], env: {} });
  const heard: string[] = [];
  const watch = { host, run: { dir }, now: () => new Date(time), every: 20 };
  for await (const event of withLogs(own(), watch, new AbortController().signal)) {
    heard.push(event.kind);
    if (event.kind === 'worker-rates') read.open();
  }
  return heard;
}

test('what processes say of each other while a job is told to end is the cause of nothing', async () => {
  expect(await kinds('cancelled')).toEqual(['step-started', 'teardown', 'worker-rates']);
});

test('a failed job may be read later than it is torn down', async () => {
  expect(await kinds('failed')).toEqual(['step-started', 'teardown', 'signature', 'worker-rates']);
});

test('the logs of an attempt before are not read again, even where a cached folder hides those of the next one', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'dyn-slurm-run-'));
  await copyFile(join(packageRoot, 'test/fixtures/runs/plan.json'), join(dir, 'plan.json'));
  for (const [folder, text] of [
    ['logs', UNREACHABLE + BATCH],
    ['attempts/1/logs', BATCH],
  ] as const) {
    await mkdir(join(dir, folder), { recursive: true });
    await writeFile(join(dir, folder, 'decode-0.node3.log'), text);
  }
  const time = '2025-12-10T13:50:31.000Z';
  const reads = [gate(), gate()];
  async function* own(): AsyncGenerator<ObservedEvent> {
    for (const [attempt, read] of reads.entries()) {
      yield { time, kind: 'job-started', job: '7', attempt, nodes: 3 };
      yield { time, kind: 'step-started', step: 'decode-0', role: 'decode', nodes: ['node3'] };
      await read.opened;
      if (attempt === 0) yield { time, kind: 'requeued', reason: 'as told', seconds: 9 };
    }
  }
  const real = localHost({ path: [], env: {} });
  const list: typeof real.list = async (path) => (path.endsWith('/attempts') ? [] : real.list(path));
  const heard: string[] = [];
  const watch = { host: { ...real, list }, run: { dir }, now: () => new Date(time), every: 20 };
  let rates = 0;
  for await (const event of withLogs(own(), watch, new AbortController().signal)) {
    heard.push(event.kind);
    if (event.kind === 'worker-rates') reads[rates++]?.open();
  }
  expect(heard).toEqual([
    'job-started',
    'step-started',
    'signature',
    'worker-rates',
    'requeued',
    'job-started',
    'step-started',
    'worker-rates',
  ]);
});
