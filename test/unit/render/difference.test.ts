import { expect, test } from 'vitest';
import type { StepBody } from '../../../src/plan/plan.ts';
import { stepDifference } from '../../../src/render/step-files.ts';

const step: StepBody = {
  name: 'decode-0',
  kind: 'worker',
  role: 'decode',
  worker: 0,
  nodes: [1],
  gpus: [0],
  argv: [
    'python3',
    '-m',
    'dynamo.sglang',
    '--dist-init-addr',
    [{ ref: 'node-ip', node: 1 }, ':29500'],
    '--mem-fraction-static',
    '0.82',
    '--trust-remote-code',
  ],
  env: { A: 'x y', B: 'z' },
  secrets: { HF_TOKEN: { from_env: 'HF_TOKEN' } },
  ports: [],
  contained: true,
};

test('options and variables that change, go and come', () => {
  const after: StepBody = {
    ...step,
    argv: [...step.argv.slice(0, -2), '0.9', '--page-size', '16', '--json={"a": 1}'],
    env: { A: 'y', C: 'new' },
    secrets: {},
  };
  expect(stepDifference(step, after)).toEqual([
    '- --mem-fraction-static 0.82',
    '+ --mem-fraction-static 0.9',
    '- --trust-remote-code',
    "- A='x y'",
    '+ A=y',
    '- B=z',
    '- HF_TOKEN=(secret)',
    '+ --page-size 16',
    `+ '--json={"a": 1}'`,
    '+ C=new',
  ]);
});

test('nothing changes', () => {
  expect(stepDifference(step, { ...step })).toEqual([]);
});
