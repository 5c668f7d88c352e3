import { expect, test } from 'vitest';
import { startNote } from '../../../../src/cli/views/run-stages.ts';
import type { StageEvent } from '../../../../src/run/log-event.ts';

const event = (step: string, rest: Pick<StageEvent, 'stage' | 'state' | 'done' | 'total'>): StageEvent => ({
  time: '2025-11-24T05:43:00.000Z',
  kind: 'stage',
  step,
  role: 'prefill',
  node: `node-of-${step}`,
  seconds: 7,
  ...rest,
});

test.each<readonly [string, readonly StageEvent[]]>([
  ['', []],
  [
    'weights 12/61 on prefill-0',
    [event('prefill-0', { stage: 'weights', state: 'going', done: 12, total: 61 })],
  ],
  [
    'DeepGEMM kernels 2048 on prefill-0',
    [event('prefill-0', { stage: 'deep-gemm', state: 'going', done: 2048 })],
  ],
  ['KV cache done on prefill-0', [event('prefill-0', { stage: 'kv-cache', state: 'done' })]],
  [
    'weights 3/61 on prefill-2',
    [
      event('prefill-0', { stage: 'weights', state: 'going', done: 4, total: 61 }),
      event('prefill-1', { stage: 'cuda-graphs', state: 'going', done: 1, total: 35 }),
      event('prefill-2', { stage: 'weights', state: 'going', done: 3, total: 61 }),
      event('prefill-3', { stage: 'weights', state: 'done', done: 61, total: 61 }),
    ],
  ],
  [
    'CUDA graphs 7/35 stuck on prefill-1',
    [
      event('prefill-0', { stage: 'weights', state: 'going', done: 4, total: 61 }),
      event('prefill-1', { stage: 'cuda-graphs', state: 'stuck', done: 7, total: 35 }),
    ],
  ],
])('the start that is furthest behind, or stuck: %j', (note, stages) => {
  expect(startNote(stages)).toBe(note);
});
