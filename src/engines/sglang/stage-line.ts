import type { StageLine } from '../dialect.ts';
import { readStamp } from '../line-stamp.ts';

type Said = Pick<StageLine, 'stage' | 'state'>;

/**
 * Words that tell of a stage, from 0.4.9 to 0.5.23: `model_runner.py`, `weight_utils.py`, `memory_pool.py`,
 * `cuda_graph_runner.py` and `deep_gemm_wrapper/compile_utils.py` of sgl-project/sglang. The first that a line has counts.
 */
const STAGES: readonly (readonly [words: string, said: Said])[] = [
  ['Load weight begin', { stage: 'weights', state: 'going' }],
  ['Load weight end', { stage: 'weights', state: 'done' }],
  ['% Completed | ', { stage: 'weights', state: 'going' }],
  ['KV Cache is allocated', { stage: 'kv-cache', state: 'going' }],
  ['KV Cache VA upper bound', { stage: 'kv-cache', state: 'going' }],
  ['Memory pool end', { stage: 'kv-cache', state: 'done' }],
  ['graph begin. ', { stage: 'cuda-graphs', state: 'going' }],
  ['graph end. ', { stage: 'cuda-graphs', state: 'done' }],
  ['Capturing batches (', { stage: 'cuda-graphs', state: 'going' }],
  ['Capturing num tokens (', { stage: 'cuda-graphs', state: 'going' }],
  ['Capturing prefill shape (', { stage: 'cuda-graphs', state: 'going' }],
  ['DeepGEMM warmup', { stage: 'deep-gemm', state: 'going' }],
  ['DeepGEMM JIT ', { stage: 'deep-gemm', state: 'going' }],
  ['fired up and ready to roll', { stage: 'warm-up', state: 'done' }],
];

export const STAGE_WORDS: readonly string[] = STAGES.map(([words]) => words);

/** Capital or small: `Capture CUDA graph begin`, `Capture cuda graph end`; another program may speak of graphs, too. */
const CAPTURE = /Capture [\w ]{1,60}graph (?:begin|end)\. /i;
/** The count of a progress bar: `| 5/11 [00:03`. */
const COUNT = /\| (\d{1,9})\/(\d{1,9}) \[/;

/** Undefined where a line tells of no stage. */
export function readStage(line: string): StageLine | undefined {
  const [words, said] = STAGES.find(([each]) => line.includes(each)) ?? [];
  if (words === undefined || said === undefined) return undefined;
  if (words.startsWith('graph ') && !CAPTURE.test(line)) return undefined;
  const [, done, total] = COUNT.exec(line) ?? [];
  const count = done === undefined ? {} : { done: Number(done), total: Number(total) };
  // A bar that is full ends its stage only where nothing else does.
  const full = said.stage === 'deep-gemm' && done !== undefined && done === total;
  const stamp = readStamp(line.slice(0, line.indexOf(words)));
  return { kind: 'stage', ...stamp, ...said, ...count, ...(full && { state: 'done' as const }) };
}
