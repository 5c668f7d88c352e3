import { expect, test } from 'vitest';
import { planOf, sampleJob } from '../plan/sample-job.ts';
import { report } from './report.ts';

const TOPOLOGY = `title: t
goal: example
source: {repo: a, path: b, commit: c, dynamo: "1.6.1", date: "2026-11", license: MIT}
gpu: h100
prefill: {nodes: 4, tp: gpus, dp: gpus, args: {enable-dp-attention: true}}
decode: {nodes: 4, tp: gpus, dp: gpus, args: {enable-dp-attention: true}}
`;
const CONFIG = (value: string) => `name: r1
topology: docs-dsr1-wideep-h100
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
decode: {args: {enable-dp-attention: ${value}}}
`;

test('a flag that was switched off is blamed where it stands', () => {
  const found = report(CONFIG('false'), { topology: TOPOLOGY });
  expect(found).toContain('c.yaml:5:38  decode.args.enable-dp-attention: tp 32 × dp 32 needs 1024 GPUs');
  expect(found).not.toContain('t.yaml:5');
});

test('the plan says what expert parallelism SGLang derives, and does not write it', () => {
  const args = { 'enable-dp-attention': true, 'moe-a2a-backend': 'deepep' };
  const wide = { nodes: 4, tp: 'gpus', dp: 'gpus', args };
  const plan = planOf(sampleJob({ prefill: wide, decode: { ...wide, ep: 16 } }));
  expect(plan.workers.map(({ name, ep }) => [name, ep])).toEqual([
    ['prefill-0', 32],
    ['decode-0', 16],
  ]);
  const words = plan.steps
    .filter(({ kind }) => kind === 'worker')
    .map(({ argv }) => argv.includes('--ep-size'));
  expect(words).toEqual([false, true]);
});
