import { expect, test } from 'vitest';
import type { StepBody } from '../../../src/plan/plan.ts';
import { processesOf } from '../../../src/plan/step-body.ts';

test('each node of a step has a process with its own rank, address and ports', () => {
  const step: StepBody = {
    name: 'prefill-1',
    kind: 'worker',
    role: 'prefill',
    worker: 1,
    nodes: [4, 5],
    gpus: [0, 1],
    argv: [
      'python3',
      '--node-rank',
      [{ ref: 'rank' }],
      '--dist-init-addr',
      [{ ref: 'node-ip', node: 4 }, ':29500'],
    ],
    env: { HOST: [{ ref: 'self-ip' }], LOG: [{ ref: 'run-dir' }, '/r', { ref: 'rank' }], PLAIN: '1' },
    secrets: { HF_TOKEN: { from_env: 'HF_TOKEN' } },
    ports: [
      { use: 'system', port: 8081, count: 1, address: 'node', guard: 'none' },
      { use: 'dist-init', port: 29500, count: 7, address: 'all', guard: 'none' },
      { use: 'bootstrap', port: 30002, count: 1, address: 'node', guard: 'none' },
    ],
    contained: true,
  };
  const common = { name: 'prefill-1', kind: 'worker', role: 'prefill', worker: 1, gpus: [0, 1] };
  expect(processesOf(step)).toEqual([
    {
      ...common,
      nodeIndex: 4,
      nodeRank: 0,
      argv: ['python3', '--node-rank', '0', '--dist-init-addr', [{ ref: 'node-ip', node: 4 }, ':29500']],
      env: { HOST: [{ ref: 'node-ip', node: 4 }], LOG: [{ ref: 'run-dir' }, '/r', '0'], PLAIN: '1' },
      ports: step.ports,
    },
    {
      ...common,
      nodeIndex: 5,
      nodeRank: 1,
      argv: ['python3', '--node-rank', '1', '--dist-init-addr', [{ ref: 'node-ip', node: 4 }, ':29500']],
      env: { HOST: [{ ref: 'node-ip', node: 5 }], LOG: [{ ref: 'run-dir' }, '/r', '1'], PLAIN: '1' },
      ports: [{ use: 'system', port: 8081, count: 1, address: 'node', guard: 'none' }],
    },
  ]);
});
