import type { StageLine } from '../dialect.ts';
import { type StageWords, stageReader } from '../stage-words.ts';

/**
 * Words that tell of a stage, from 0.4.9 to 0.5.23: `model_runner.py`, `weight_utils.py`, `memory_pool.py`,
 * `cuda_graph_runner.py` and `deep_gemm_wrapper/compile_utils.py` of sgl-project/sglang. The first that a line has counts.
 */
const STAGES: readonly StageWords[] = [
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
const stageOf = stageReader(STAGES, {
  'cuda-graphs':
    'capturing ranks wait for each other: look for a missing rank, or lower cuda-graph-max-bs; see sgl-project/sglang#26137',
  'deep-gemm': 'compile the kernels in advance, with the same args, into a shared SGLANG_DG_CACHE_DIR',
});

/** Undefined where a line tells of no stage. */
export function readStage(line: string): StageLine | undefined {
  const found = stageOf(line);
  if (found === undefined) return undefined;
  const [words = ''] = STAGES.find(([each]) => line.includes(each)) ?? [];
  if (words.startsWith('graph ') && !CAPTURE.test(line)) return undefined;
  // A bar that is full ends its stage only where nothing else does.
  const full = found.stage === 'deep-gemm' && found.done !== undefined && found.done === found.total;
  return full ? { ...found, state: 'done' } : found;
}
