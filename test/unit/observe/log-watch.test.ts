import { appendFile, copyFile, mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { localHost } from '../../../src/host/local.ts';
import { watchLogs } from '../../../src/observe/log-watch.ts';
import { runSignature } from '../../../src/observe/run-signature.ts';
import type { LogEvent } from '../../../src/run/log-event.ts';
import { packageRoot } from '../../world.ts';

const host = localHost({ path: [], env: {} });
const OOM = 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n';
const CLOSED =
  'n3:1:2 [0] misc/socket.cc:49 NCCL WARN socketProgress: Connection closed by remote peer n2<57557>\n';

async function runFolder(logs: Readonly<Record<string, string>>) {
  const dir = await mkdtemp(join(tmpdir(), 'dyn-slurm-run-'));
  await mkdir(join(dir, 'logs'));
  await copyFile(join(packageRoot, 'test/fixtures/runs/plan.json'), join(dir, 'plan.json'));
  for (const [name, text] of Object.entries(logs)) await writeFile(join(dir, 'logs', name), text);
  return { dir, log: (name: string) => join(dir, 'logs', name) };
}

/** The events until there is one of the kind and step that each act waits for; the act follows. */
async function events(
  dir: string,
  acts: readonly (readonly [(event: LogEvent) => boolean, () => unknown])[],
): Promise<readonly LogEvent[]> {
  const stop = new AbortController();
  const heard: LogEvent[] = [];
  const left = [...acts];
  let clock = Date.parse('2025-12-10T13:50:40Z');
  const now = () => {
    clock += 1000;
    return new Date(clock);
  };
  for await (const event of watchLogs({ host, run: { dir }, now, every: 20 }, stop.signal)) {
    heard.push(event);
    const [act] = left;
    if (!act?.[0](event)) continue;
    left.shift();
    await act[1]();
    if (left.length === 0) stop.abort();
  }
  return heard;
}

test('the plan says after how long a stage is stuck', async () => {
  const { dir } = await runFolder({
    'prefill-0.node2.log': '[2025-12-10 13:50:00 TP0] Load weight begin. avail mem=78.51 GB\n',
  });
  const plan = JSON.parse(await readFile(join(dir, 'plan.json'), 'utf8')) as object;
  const readiness = { stages: { weights: 5, 'kv-cache': 1 } };
  await writeFile(join(dir, 'plan.json'), JSON.stringify({ ...plan, readiness }));
  const heard = await events(dir, [[(event) => event.kind === 'stage' && event.state === 'stuck', () => {}]]);
  expect(heard.at(-1)).toMatchObject({ step: 'prefill-0', stage: 'weights', seconds: 5, deadline: 5 });
});

test('stages, rates and signatures of logs that grow, rotate and appear', async () => {
  const { dir, log } = await runFolder({
    'prefill-0.node2.log': '[2025-12-10 13:50:00 TP0] Load weight begin. avail mem=78.51 GB\n',
  });
  const heard = await events(dir, [
    [
      ({ kind }) => kind === 'stage',
      () =>
        writeFile(
          log('decode-0.node3.log'),
          `[2025-12-10 13:50:30 DP0 TP0] Decode batch, #running-req: 3, gen throughput (token/s): 100.00, #queue-req: 0
[2025-12-10 13:50:30 DP1 TP1] Decode batch, #running-req: 4, gen throughput (token/s): 50.00, #queue-req: 2
`,
        ),
    ],
    [
      ({ kind }) => kind === 'worker-rates',
      async () => {
        await rename(log('prefill-0.node2.log'), log('prefill-0.node2.old'));
        await writeFile(log('prefill-0.node2.log'), OOM);
      },
    ],
    [({ kind }) => kind === 'signature', () => appendFile(log('prefill-0.node2.log'), `${OOM}${CLOSED}`)],
    [(event) => event.kind === 'signature' && event.name === 'peer-lost', () => {}],
  ]);
  expect(heard.find(({ kind }) => kind === 'stage')).toMatchObject({
    step: 'prefill-0',
    role: 'prefill',
    node: 'node2',
    stage: 'weights',
    state: 'going',
  });
  expect(heard.find(({ kind }) => kind === 'worker-rates')).toMatchObject({
    step: 'decode-0',
    role: 'decode',
    inputTokensPerSecond: 0,
    outputTokensPerSecond: 150,
    running: 7,
    queued: 2,
  });
  expect(heard.filter(({ kind }) => kind === 'signature')).toEqual([
    expect.objectContaining({
      step: 'prefill-0',
      node: 'node2',
      name: 'cuda-out-of-memory',
      class: 'memory',
      line: OOM.trim(),
    }),
    expect.objectContaining({ name: 'peer-lost', class: 'network' }),
  ]);
});

test.each([
  ['the log of the process that failed', { 'decode-0.node2.log': OOM }, 'cuda-out-of-memory', 'node2'],
  [
    'another node of the worker, where the network is only what the first suffered from',
    {
      'decode-0.node2.log': CLOSED,
      'decode-0.node3.log': OOM,
      'prefill-0.node1.log': 'NVRM: Xid (PCI:0:1): 79\n',
    },
    'cuda-out-of-memory',
    'node3',
  ],
  [
    'its own, where no other knows better',
    { 'decode-0.node2.log': CLOSED, 'decode-0.node3.log': 'ok\n' },
    'peer-lost',
    'node2',
  ],
  ['none', { 'decode-0.node2.log': 'ok\n' }, undefined, undefined],
])('why a run failed: %s', async (_, logs, name, node) => {
  const { dir } = await runFolder(logs);
  const found = await runSignature(host, { dir }, { step: 'decode-0', node: 'node2' });
  expect([found?.signature.name, found?.log.node]).toEqual([name, node]);
});

test('what Slurm says of the step, and the last line that the verdict has, count too', async () => {
  const { dir } = await runFolder({ 'decode-0.node2.log': 'ok\n' });
  await mkdir(join(dir, 'state'));
  const killed =
    'slurmstepd: error: Detected 1 oom_kill event in StepId=7.0. Some of the step tasks have been OOM Killed.';
  await writeFile(join(dir, 'state/decode-0.srun'), `${killed}\n`);
  const verdict = { step: 'decode-0', node: 'node2' };
  expect(await runSignature(host, { dir }, verdict)).toMatchObject({
    signature: { name: 'oom-event' },
    line: killed,
  });
  expect(await runSignature(host, { dir }, { ...verdict, line: OOM })).toMatchObject({
    signature: { name: 'cuda-out-of-memory' },
    line: OOM,
  });
});

test('where no process is known, any log may say why', async () => {
  const { dir } = await runFolder({ 'frontend-0.node1.log': 'fine\n', 'prefill-0.node2.log': OOM });
  expect((await runSignature(host, { dir }, {}))?.log.step).toBe('prefill-0');
});
