import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { argText } from '../../../../src/argument.ts';
import { checkRules } from '../../../../src/plan/rules/check-rules.ts';
import { planOf, sampleJob } from '../sample-job.ts';

// No command has a flag twice, whatever the config says, unless the rules refuse it.

const options = readFileSync(join(import.meta.dirname, '../../../fixtures/sglang/options-1.6.1.txt'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('--'))
  .map((line) => line.split(' ')[0]?.slice(2) ?? '')
  // Their values would be refused as secrets.
  .filter((name) => !name.endsWith('api-key'));
/** Those that some code here has an opinion on, to meet them often. */
const OPINIONS = [
  ...[
    'tp',
    'tp-size',
    'dp-size',
    'ep-size',
    'pp-size',
    'nnodes',
    'model-path',
    'host',
    'endpoint',
    'namespace',
  ],
  ...['enable-deepep-moe', 'moe-a2a-backend', 'cuda-graph-bs', 'cuda-graph-bs-decode', 'enable-multimodal'],
  ...['fp8-gemm-backend', 'multimodal-worker', 'dedicated-mm-encoder', 'request-plane', 'kv-events-config'],
];
const VALUES = [true, false, 1, 8, 'deepep', 'tcp', '/models/m', [1, 2], { a: 1 }];
const RELEASES = ['0.4.0', '0.5.1', '0.7.0', '1.0.2', '1.3.1', '1.6.1'];
const VARIABLES = ['SGLANG_ENABLE_FLASHINFER_GEMM', 'SGLANG_FP4_GEMM_BACKEND', 'SGL_DG_CACHE_DIR', 'A'];

test('a thousand configs', () => {
  const random = randomNumbers(20260607);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const name = () => pick(random() < 0.7 ? OPINIONS : options);
  let planned = 0;
  for (let round = 0; round < 1000; round++) {
    const args = Object.fromEntries(
      Array.from({ length: 4 }, () => [random() < 0.3 ? name().replaceAll('-', '_') : name(), pick(VALUES)]),
    );
    // Words are passed on as they are, and some flags may be repeated: here they are different.
    const words = [...new Set([name(), name()])];
    const flags = random() < 0.5 ? words.flatMap((word) => [`--${word}`, '8']) : [];
    const env = { [pick(VARIABLES)]: pick(['1', 'cutlass']) };
    const role = { workers: pick([1, 2]), gpus_per_worker: 8, kv_events: random() < 0.5, args, flags, env };
    const job = sampleJob({
      ...(random() < 0.5 ? { aggregated: role } : { prefill: role, decode: { nodes: 1 } }),
      dynamo: { version: pick(RELEASES) },
    });
    if (checkRules(job).problems.some(({ severity }) => severity === 'error')) continue;
    planned++;
    for (const { argv } of planOf(job).steps) {
      const names = argv.map(argText).flatMap((word) => /^--[^=]+/.exec(word) ?? []);
      expect(names.filter((one, at) => names.indexOf(one) !== at)).toEqual([]);
    }
  }
  expect(planned).toBeGreaterThan(100);
});

/** mulberry32 */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
