import { expect, test } from 'vitest';
import { RUN_DIR } from '../../../src/argument.ts';
import type { StepBody } from '../../../src/plan/plan.ts';
import { changedStepFiles, stepDifference } from '../../../src/render/step-files.ts';
import { planOf, sampleJob } from '../plan/sample-job.ts';

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

test('words of single ranks, and keys of a file that the command names', () => {
  const before: StepBody = {
    ...step,
    rankArgv: [
      ['--start', '0'],
      ['--start', '4'],
    ],
    localEnv: [{ DEVICES: '0' }, { DEVICES: '1' }],
    files: { 'engine-decode.yaml': 'a: 1\nb:\n  - 1\n  - 2\nc: null\n' },
  };
  const after: StepBody = {
    ...before,
    rankArgv: [
      ['--start', '0'],
      ['--start', '8'],
    ],
    localEnv: [{ DEVICES: '0' }, { DEVICES: '3' }],
    files: { 'engine-decode.yaml': 'a: 1\nb:\n  - 1\nd: x\n' },
  };
  expect(stepDifference(before, after)).toEqual([
    '- rank 1: --start 4',
    '+ rank 1: --start 8',
    '- local rank 1: DEVICES=1',
    '+ local rank 1: DEVICES=3',
    '- engine-decode.yaml: b:\n  - 1\n  - 2',
    '+ engine-decode.yaml: b:\n  - 1',
    '- engine-decode.yaml: c: null',
    '+ engine-decode.yaml: d: x',
  ]);
});

test('a changed command has its own copy of the file that it names', () => {
  const changed: StepBody = {
    ...step,
    argv: [
      'engine',
      '--config',
      [RUN_DIR, '/steps/engine-decode.yaml'],
      '--other',
      [RUN_DIR, '/steps/other.yaml'],
    ],
    files: { 'engine-decode.yaml': 'a: 2\n' },
  };
  const files = changedStepFiles({
    plan: planOf(sampleJob({ aggregated: {} })),
    step: changed,
    original: step,
    folder: 'changes/7',
    template: '{{#each lines}}{{{this}}}\n{{/each}}',
  });
  expect(files.get('changes/7/engine-decode.yaml')).toEqual({ text: 'a: 2\n', mode: 0o600 });
  expect(files.get('changes/7/decode-0.sh')?.text).toBe(
    'engine\n--config "${RUN_DIR}/changes/7/engine-decode.yaml"\n--other "${RUN_DIR}/steps/other.yaml"\n',
  );
});
