import { expect, test } from 'vitest';
import type { Signature } from '../../../../src/causes/signature.ts';
import { nodes } from '../../../../src/cli/commands/nodes.ts';
import { submit } from '../../../../src/cli/commands/submit/submit.ts';
import type { Connection } from '../../../../src/cli/runs/cluster/connect.ts';
import { noteBadNodes } from '../../../../src/cli/runs/nodes/ledger.ts';
import { stateAfter } from '../../../../src/run/state.ts';
import type { NodeMark } from '../../../../src/scheduler/scheduler.ts';
import { put, SMALL, testWorld } from '../../../world.ts';

const DAY = 24 * 3_600_000;
const START = Date.parse('2026-11-29T12:00:00Z');

/** A run of the cluster, on which Slurm reports what `marks` are. */
const run = (id: string, marks: readonly NodeMark[] = []) => ({
  run: { id, name: 'r', dir: `/runs/${id}` },
  connection: { cluster: 'default', scheduler: { nodeMarks: async () => marks } } as unknown as Connection,
});

/** A run whose preflight blamed a node, at so many milliseconds after the start. */
const failed = (node: string, at: number) =>
  stateAfter([
    {
      kind: 'preflight',
      time: new Date(START + at).toISOString(),
      problems: [{ text: 'shows 7 GPUs, and workers need 8', nodes: [node] }],
      warnings: [],
      blamed: [{ node, reason: 'shows 7 GPUs, and workers need 8' }],
      seconds: 1,
    },
  ]);

const BOUND = {
  kind: 'nodes-bound' as const,
  time: '2026-11-29T12:00:00.000Z',
  nodes: ['gpu3.hpc', 'gpu4.hpc'].map((host, index) => ({ index, host, ip: `10.0.0.${index}` })),
};

/** A user's world; `at` moves its clock. */
function user() {
  let time = START;
  const world = testWorld({ randomHex: () => '3fa29c', now: () => new Date(time) });
  put(world, { 'job.yaml': SMALL });
  const at = (milliseconds: number) => {
    time = START + milliseconds;
  };
  return Object.assign(world, { at });
}

async function listed(world: ReturnType<typeof user>) {
  const before = world.stdout().length;
  await nodes({ json: true }, world);
  return JSON.parse(world.stdout().slice(before)) as readonly { readonly node: string }[];
}

async function excluded(world: ReturnType<typeof user>, config = 'job.yaml') {
  const before = world.stdout().length;
  await submit(config, { dryRun: true, json: true }, world);
  const { command } = JSON.parse(world.stdout().slice(before)) as { readonly command: readonly string[] };
  return command.filter((word) => word.startsWith('--exclude'));
}

test('a node that a run blames is left out of the next ones, with its reason', async () => {
  const world = user();
  expect(await excluded(world)).toEqual([]);
  await noteBadNodes(run('r1-0a1b2c'), failed('gpu7', 0), world);
  world.at(3_600_000);
  expect(await listed(world)).toEqual([
    {
      cluster: 'default',
      node: 'gpu7',
      reason: 'shows 7 GPUs, and workers need 8',
      run: 'r1-0a1b2c',
      time: '2026-11-29T12:00:00.000Z',
    },
  ]);
  expect(await excluded(world)).toEqual(['--exclude=gpu7']);
  put(world, { 'own.yaml': SMALL.replace('time: 1h', 'time: 1h, directives: {exclude: "gpu[1-2]"}') });
  expect(await excluded(world, 'own.yaml')).toEqual(['--exclude=gpu[1-2],gpu7']);
  const before = world.stdout().length;
  await nodes({}, world);
  expect(world.stdout().slice(before)).toBe(
    'cluster  node  noted    run        reason\ndefault  gpu7  1 h ago  r1-0a1b2c  shows 7 GPUs, and workers need 8\n',
  );
});

test('after a day a node counts again', async () => {
  const world = user();
  await noteBadNodes(run('r1-0a1b2c'), failed('gpu7', 0), world);
  world.at(DAY);
  expect(await listed(world)).toHaveLength(1);
  world.at(DAY + 1);
  expect(await listed(world)).toEqual([]);
});

test('a node that is taken back is left out again by a later run, and not by looking at the same one', async () => {
  const world = user();
  await noteBadNodes(run('r1-0a1b2c'), failed('gpu7', 0), world);
  world.at(1000);
  await nodes({ forget: 'gpu7' }, world);
  await noteBadNodes(run('r1-0a1b2c'), failed('gpu7', 0), world);
  expect(await listed(world)).toEqual([]);
  await noteBadNodes(run('r2-0a1b2c'), failed('gpu7', 2000), world);
  expect(await listed(world)).toMatchObject([{ node: 'gpu7', run: 'r2-0a1b2c' }]);
  await expect(nodes({ forget: 'gpu8' }, world)).rejects.toThrow('node is not excluded: gpu8');
});

/** The verdict on a failed run. */
const verdict = (reason: string, more: object = {}) =>
  ({ kind: 'verdict', time: BOUND.time, outcome: 'failed', reason, seconds: 9, ...more }) as const;

test.each([
  ['prefill-0 on gpu3 exited with code 1', []],
  ['prefill-0 on gpu3 failed and ended itself', []],
  ['gpu3 failed', ['gpu3']],
  ['gpu3, gpu4 failed', ['gpu3', 'gpu4']],
  ['a node failed', []],
  ['gpu3 failed, and decode-0 with it', ['gpu3']],
  ['gpu3 failed, and decode-0 with it; no decode worker is left', ['gpu3']],
])('of a run that ended because “%s” the failed nodes are noted', async (reason, nodesOf) => {
  const world = user();
  await noteBadNodes(run('r1-0a1b2c'), stateAfter([verdict(reason)]), world);
  const reasons = nodesOf.map((node) => ({ node, reason: 'failed while a job ran on it' }));
  expect(await listed(world)).toMatchObject(reasons);
  expect(await listed(world)).toHaveLength(nodesOf.length);
});

const ECC = 'RuntimeError: CUDA error: uncorrectable ECC error encountered';
const DAMAGED = `had a fault: the memory of a GPU has an uncorrectable error (ECC): ${ECC}`;

test('a node whose hardware is broken is noted, by the name that Slurm has for it, whatever became of the run', async () => {
  const world = user();
  const restarting = {
    kind: 'worker-restarting' as const,
    time: BOUND.time,
    reason: 'decode-0 on gpu4 exited with code 1',
    step: 'decode-0',
    role: 'decode' as const,
    node: 'gpu4',
    line: ECC,
    restart: 1,
    of: 3,
    delay: 1,
  };
  const recovered = {
    kind: 'recovered' as const,
    time: BOUND.time,
    step: 'decode-0',
    role: 'decode' as const,
    restart: 1,
    seconds: 5,
  };
  const state = stateAfter([BOUND, restarting, recovered]);
  await noteBadNodes(run('r1-0a1b2c'), state, world);
  expect(await listed(world)).toMatchObject([{ node: 'gpu4.hpc', reason: DAMAGED }]);
});

test('what the job saw and what its logs tell of one node is one note', async () => {
  const world = user();
  const end = { step: 'decode-0', node: 'gpu4.hpc', rank: 0, exit: 1, line: ECC };
  const signature = {
    name: 'gpu-ecc',
    title: 'the memory of a GPU has an uncorrectable error (ECC)',
  } as Signature;
  const log = { step: 'decode-0', node: 'gpu4', path: '/runs/r1-0a1b2c/logs/decode-0.gpu4.log' };
  const found = { signature, line: ECC, advice: '', log };
  const state = stateAfter([BOUND, verdict('decode-0 on gpu4.hpc exited with code 1', end)]);
  await noteBadNodes(run('r1-0a1b2c'), state, world, found);
  expect(await listed(world)).toMatchObject([{ node: 'gpu4.hpc', reason: DAMAGED }]);
  const { line: _, ...unsaid } = end;
  const other = user();
  await noteBadNodes(
    run('r1-0a1b2c'),
    stateAfter([BOUND, verdict('decode-0 on gpu3.hpc exited with code 1', unsaid)]),
    other,
    found,
  );
  expect(await listed(other)).toMatchObject([{ node: 'gpu4.hpc', reason: DAMAGED }]);
});

test("what is the job's own fault, or the site's, is no node's", async () => {
  const world = user();
  for (const line of [
    'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB',
    'ValueError: no such argument',
    'RuntimeError: NCCL error: unhandled system error',
  ]) {
    const end = { step: 'decode-0', node: 'gpu4', rank: 0, exit: 1, line };
    await noteBadNodes(
      run('r1-0a1b2c'),
      stateAfter([BOUND, verdict('decode-0 on gpu4 exited with code 1', end)]),
      world,
    );
  }
  expect(await listed(world)).toEqual([]);
});

test("where the job's script went with its node, Slurm reports which node is down, once", async () => {
  const world = user();
  const queue = {
    kind: 'queue' as const,
    time: BOUND.time,
    job: '7',
    state: 'NODE_FAIL',
    phase: 'ended' as const,
    reason: '',
    nodes: 2,
    nodeList: 'gpu[3-4].hpc',
  };
  const state = stateAfter([
    queue,
    BOUND,
    verdict('gpu3.hpc, the head node, or another node of the job failed: Slurm reports NODE_FAIL', {
      inferred: true,
    }),
  ]);
  const found = run('r1-0a1b2c', [
    { node: 'gpu3.hpc', state: 'down', reason: 'Not responding' },
    { node: 'gpu4.hpc', state: 'draining', reason: 'maintenance' },
  ]);
  await noteBadNodes(found, state, world);
  expect(await listed(world)).toMatchObject([{ node: 'gpu3.hpc', reason: 'failed while a job ran on it' }]);
  world.at(1000);
  await nodes({ forget: 'gpu3.hpc' }, world);
  // The verdict is drawn anew, and so later, each time.
  const later = {
    ...state,
    ...(state.verdict && { verdict: { ...state.verdict, time: '2026-11-29T12:00:09.000Z' } }),
  };
  await noteBadNodes(found, later, world);
  expect(await listed(world)).toEqual([]);
});

test("a node that the config's nodelist asks for is not excluded, which Slurm would refuse", async () => {
  const world = user();
  await noteBadNodes(run('r1-0a1b2c'), failed('gpu7', 0), world);
  await noteBadNodes(run('r1-0a1b2c'), failed('gpu8', 0), world);
  put(world, { 'own.yaml': SMALL.replace('time: 1h', 'time: 1h, directives: {nodelist: "gpu[5-7]"}') });
  expect(await excluded(world, 'own.yaml')).toEqual(['--exclude=gpu8']);
});
