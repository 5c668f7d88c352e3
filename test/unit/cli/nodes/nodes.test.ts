import { expect, test } from 'vitest';
import { noteBadNodes } from '../../../../src/cli/nodes/ledger.ts';
import { nodes } from '../../../../src/cli/nodes/nodes.ts';
import { submit } from '../../../../src/cli/submit/submit.ts';
import { NEW_RUN } from '../../../../src/observe/run-state.ts';
import { put, SMALL, testWorld } from '../../../world.ts';

const DAY = 24 * 3_600_000;
const START = Date.parse('2026-11-29T12:00:00Z');

/** A run whose preflight blamed a node, at so many milliseconds after the start. */
const failed = (node: string, at: number) => ({
  ...NEW_RUN,
  preflight: {
    kind: 'preflight' as const,
    time: new Date(START + at).toISOString(),
    problems: [{ text: 'shows 7 GPUs, and workers need 8', nodes: [node] }],
    warnings: [],
    blamed: [{ node, reason: 'shows 7 GPUs, and workers need 8' }],
    seconds: 1,
  },
});

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
  await noteBadNodes('r1-0a1b2c', 'default', failed('gpu7', 0), world);
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
    'cluster  node  noted   run        reason\ndefault  gpu7  1h ago  r1-0a1b2c  shows 7 GPUs, and workers need 8\n',
  );
});

test('after a day a node counts again', async () => {
  const world = user();
  await noteBadNodes('r1-0a1b2c', 'default', failed('gpu7', 0), world);
  world.at(DAY);
  expect(await listed(world)).toHaveLength(1);
  world.at(DAY + 1);
  expect(await listed(world)).toEqual([]);
});

test('a node that is taken back is left out again by a later run, and not by looking at the same one', async () => {
  const world = user();
  await noteBadNodes('r1-0a1b2c', 'default', failed('gpu7', 0), world);
  world.at(1000);
  await nodes({ forget: 'gpu7' }, world);
  await noteBadNodes('r1-0a1b2c', 'default', failed('gpu7', 0), world);
  expect(await listed(world)).toEqual([]);
  await noteBadNodes('r2-0a1b2c', 'default', failed('gpu7', 2000), world);
  expect(await listed(world)).toMatchObject([{ node: 'gpu7', run: 'r2-0a1b2c' }]);
  await expect(nodes({ forget: 'gpu8' }, world)).rejects.toThrow('nothing is noted of a node gpu8');
});

test('a node that failed under a job is noted', async () => {
  const world = user();
  const verdict = { kind: 'verdict' as const, time: '2026-11-29T12:00:00.000Z', outcome: 'failed' as const };
  const state = (reason: string) => ({ ...NEW_RUN, verdict: { ...verdict, reason, seconds: 9 } });
  await noteBadNodes('r1-0a1b2c', 'default', state('prefill-0 on gpu3 failed'), world);
  expect(await listed(world)).toEqual([]);
  await noteBadNodes('r1-0a1b2c', 'default', state('gpu3 failed'), world);
  expect(await listed(world)).toMatchObject([{ node: 'gpu3', reason: 'failed while a job ran on it' }]);
});
