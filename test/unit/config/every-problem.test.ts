import { expect, test } from 'vitest';
import { report, resolve, VALID } from './report.ts';

const WRONG = `name: my job!
topolgy: h100-fp8-default
model:
  pth: /models/r1
slurm:
  account: "a b"
  partion: batch
  time: 90
  exclusive: no
  directives: {nod: 4, mail-type: END, no-requeue: true}
gpu: h1000
prefill:
  nodes: "4"
  workers: 3
  tp: gpu
  env:
    LD_PRELOAD: x
    HF_TOKEN: hf_abc
decode:
  nodes: 4.5
  args: text
frontend:
  router_mode: kvv
  port: 70000
infra:
  nats: yes
dynamo:
  version: 1.6
`;

test('every problem of a file is reported at once, in its order', () => {
  const { diagnostics, job } = resolve(WRONG);
  expect(job).toBeUndefined();
  expect(diagnostics.map((one) => `${one.line}:${one.column} ${one.path}: ${one.message}`)).toEqual([
    '1:7 name: use 1 to 64 letters, digits, dots, dashes and underscores, starting with a letter or digit',
    '2:1 topolgy: unknown key; did you mean "topology"?',
    '4:3 model.pth: unknown key; did you mean "path"?',
    '6:12 slurm.account: must not contain a space: sbatch reads it literally, without quotes',
    '7:3 slurm.partion: unknown key; did you mean "partition"?',
    '8:9 slurm.time: 90 has no unit',
    '9:14 slurm.exclusive: "no" is text, not false; write true or false, without quotes',
    '10:16 slurm.directives.nod: is short for several options of sbatch: nodefile, nodelist or nodes',
    '10:40 slurm.directives.no-requeue: is set by dyn-slurm itself',
    '11:6 gpu: there is no GPU model "h1000"; did you mean "h100"?',
    '13:10 prefill.nodes: "4" is text; write 4 without quotes',
    '15:7 prefill.tp: write a number, "gpus" or "gpus-N"',
    '17:5 prefill.env.LD_PRELOAD: changes how every program starts, so it is not allowed',
    '18:15 prefill.env.HF_TOKEN: looks like a secret, which a config must not contain; write {from_env: HF_TOKEN} or {from_file: PATH}',
    '20:10 decode.nodes: must be a whole number, not 4.5',
    '21:9 decode.args: must be a map of keys, not text',
    '23:16 frontend.router_mode: unknown value "kvv"; did you mean "kv"?',
    '24:9 frontend.port: must be at most 65535, not 70000',
    '26:9 infra.nats: write true, false or auto, not "yes"',
    '28:12 dynamo.version: 1.6 is a number; write "1.6" in quotes',
  ]);
});

test('rules across fields are checked though the shape has faults', () => {
  const text = `${VALID.replace('aggregated: {workers: 4, nodes: 4}', 'prefill: {nodez: 3, workers: 2}\ndecode: {}')}`;
  expect(report(text)).toBe(
    `c.yaml:5:11  prefill.nodez: unknown key; did you mean "nodes"?
  5 | prefill: {nodez: 3, workers: 2}
    |           ^^^^^
c.yaml:5:18  prefill.nodez: 3 nodes cannot be divided among 2 workers
  5 | prefill: {nodez: 3, workers: 2}
    |                  ^
  hint: use a multiple of 2, or gpus_per_worker instead of nodes to put several workers on a node`,
  );
});

test('no more than a hundred problems are listed', () => {
  const keys = Array.from({ length: 250 }, (_, index) => `q${index}x: 1\n`).join('');
  const { diagnostics } = resolve(`${VALID}${keys}`);
  expect(diagnostics).toHaveLength(100);
  expect(diagnostics.at(-1)?.message).toBe('there are more problems; fix these first');
});

test('one mistake is said once', () => {
  const { diagnostics } = resolve(VALID.replace('path:', 'pth:'));
  expect(diagnostics.map(({ message }) => message)).toEqual(['unknown key; did you mean "path"?']);
});
