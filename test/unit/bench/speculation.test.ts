import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSpeculation } from '../../../src/bench/speculation.ts';
import { localHost } from '../../../src/host/local.ts';
import type { ObservedEvent } from '../../../src/run/events.ts';
import type { PlanFile } from '../../../src/run/plan-file.ts';

const host = localHost({ path: [], env: {}, extra: {} });
const START = Date.parse('2026-11-29T10:00:00Z');
const EVENTS = [
  { kind: 'job-started', time: '2026-11-29T09:50:00Z' },
  { kind: 'step-started', step: 'decode-0', time: '2026-11-29T09:50:10Z' },
  { kind: 'ready', time: '2026-11-29T09:59:00Z' },
  { kind: 'verdict', time: '2026-11-29T10:10:00Z' },
] as unknown as readonly ObservedEvent[];

/** What is known of a run whose folder has these files, in its first ten and its next ten seconds. */
async function known(argv: readonly string[], files: Readonly<Record<string, string>>) {
  const dir = mkdtempSync(join(tmpdir(), 'speculation-'));
  for (const folder of ['logs', 'steps']) mkdirSync(join(dir, folder));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  const plan = {
    workers: [{ name: 'decode-0', dp: 1 }],
    processes: [{ name: 'decode-0', argv }],
  } as unknown as PlanFile;
  const logs = { folder: join(dir, 'logs'), names: await host.list(join(dir, 'logs')) };
  const told = await readSpeculation(host, { id: 'r', name: 'r', dir } as never, logs, {
    plan,
    events: EVENTS,
  });
  return told && [told(START, START + 10_000), told(START + 10_000, START + 20_000)];
}

const scrape = (seconds: number, page: string) => `# scrape ${START + seconds * 1000} decode-0\n${page}`;
const counted = (drafts: number, drafted: number, accepted: number) =>
  `vllm:spec_decode_num_drafts_total{engine="0"} ${drafts}
vllm:spec_decode_num_draft_tokens_total{engine="0"} ${drafted}
vllm:spec_decode_num_accepted_tokens_total{engine="0"} ${accepted}
`;
const SPECULATES = ['python3', '-m', 'dynamo.vllm', '--speculative-config', '{"method":"mtp"}'];
const NOTHING = 'neither the metrics nor the logs of the workers tell of it';

test('by the metrics that the job has recorded', async () => {
  const metrics =
    scrape(0, counted(0, 0, 0)) + scrape(10, counted(10, 30, 15)) + scrape(20, counted(20, 60, 20));
  expect(await known(SPECULATES, { 'logs/metrics.n0.prom': metrics })).toEqual([
    { acceptLength: 2.5, acceptRate: 0.5 },
    { acceptLength: 1.5, acceptRate: 5 / 30 },
  ]);
});

// A line each for a few steps, in a zone an hour east of UTC; those with more tokens count for more.
const batch = (time: string, length: number, rate: number, speed: number) =>
  `[2026-11-29 ${time} TP0] Decode batch, #running-req: 8, #token: 9, token usage: 0.10, accept len: ${length}, accept rate: ${rate}, cuda graph: True, gen throughput (token/s): ${speed}, #queue-req: 0\n`;
const LOG = `[2026-11-29 10:51:00 TP0] Load weight begin. avail mem=75.11 GB
${batch('11:00:02', 2, 0.5, 200)}${batch('11:00:05', 3, 0.8, 900)}${batch('11:00:15', 1, 0.1, 10)}`;

test('by the logs, where the metrics tell nothing', async () => {
  const files = {
    'logs/decode-0.n0.log': LOG,
    'logs/metrics.n0.prom': scrape(0, 'sglang:token_usage 0.1\n'),
  };
  expect(await known(['python3', '--speculative-algorithm', 'EAGLE'], files)).toEqual([
    { acceptLength: expect.closeTo(2.75), acceptRate: expect.closeTo(0.725) },
    { acceptLength: expect.closeTo(1), acceptRate: expect.closeTo(0.1) },
  ]);
});

test('of an engine that has its settings in a file', async () => {
  const file = { 'steps/engine-decode.yaml': 'speculative_config:\n  decoding_type: MTP\n' };
  expect(await known([], file)).toEqual([NOTHING, NOTHING]);
});

test.each([
  ['nothing', [], {}],
  ['an engine whose file says null', [], { 'steps/engine-decode.yaml': 'speculative_config: null\n' }],
])('of %s that does not speculate nothing is said', async (_, argv, files) => {
  expect(await known(argv, files)).toBeUndefined();
});

test('nothing that tells is said so', async () => {
  expect(await known(SPECULATES, {})).toEqual([NOTHING, NOTHING]);
});
