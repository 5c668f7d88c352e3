import { expect, test } from 'vitest';
import { report, VALID } from './report.ts';

/** What `check` says of a `bench`, without code frames. */
function said(bench: string): readonly string[] {
  return report(`${VALID}bench: ${bench}\n`)
    .split('\n')
    .filter((line) => /^(c\.yaml|\s+hint)/.test(line))
    .map((line) => line.replace(/^c\.yaml:\d+:\d+ +/, '').trim());
}

const LOAD = 'isl: 1024, osl: 128, concurrencies: 16x64';

test.each([
  '{command: ./load.sh}',
  `{type: aiperf, ${LOAD}}`,
  `{type: sglang, ${LOAD}, args: {seed: 3, num_prompts: 5, max-concurrency: 2}}`.replace(/, num.*2/, ''),
  `{type: vllm, ${LOAD}, args: {random-input-len: 1024, request_rate: inf}}`,
  `{type: builtin, ${LOAD}, request_rate: 0.5}`,
  '{type: sglang, concurrencies: 8, dataset: sharegpt, dataset_path: /data/s.json}',
  '{type: sglang, isl: 1, osl: 1, concurrencies: [1, 2, 2]}',
])('%s is fine', (bench) => {
  expect(said(bench)).toEqual([]);
});

const COMMAND_MISSING = [
  'bench.command: is missing: type custom, the default, runs a command that you give',
  'hint: set it, or choose another type: aiperf, sglang, vllm or builtin',
];

test.each<[string, readonly string[]]>([
  ['{}', COMMAND_MISSING],
  [
    '{type: aiperf}',
    ['concurrencies', 'isl', 'osl'].map(
      (key) => `bench.${key}: is missing: type aiperf needs it to generate load`,
    ),
  ],
  [
    `{type: vllm, ${LOAD}, command: ./load.sh}`,
    ['bench.command: applies only to type custom, but the type is vllm', 'hint: remove it'],
  ],
  [
    `{type: builtin, ${LOAD}, args: {seed: 1}, program: x}`,
    [
      'bench.args: have no effect: type builtin runs no tool that uses it',
      'hint: remove it',
      'bench.program: has no effect: type builtin runs no tool that uses it',
      'hint: remove it',
    ],
  ],
  [
    `{type: sglang, ${LOAD}, args: {max_concurrency: 8, random-input-len: 512, host: n1}}`,
    [
      'bench.args.max_concurrency: --max-concurrency is set by dyn-slurm, from bench.concurrencies',
      'hint: remove it here, and set bench.concurrencies instead',
      'bench.args.random-input-len: --random-input-len is set by dyn-slurm, to 1024 from bench.isl',
      'hint: remove it here, and set bench.isl instead',
      "bench.args.host: --host is set by dyn-slurm, from the job's own frontend",
      'hint: remove it here',
    ],
  ],
  [
    `{type: sglang, ${LOAD.replace('16x64', '16x')}}`,
    ['bench.concurrencies: write numbers of concurrent requests as [16, 64, 256] or 16x64x256'],
  ],
  [
    `{type: genai, ${LOAD}}`,
    ['bench.type: must be one of custom, aiperf, sglang, vllm or builtin, not "genai"'],
  ],
  [
    `{type: vllm, ${LOAD}, request_rate: fast}`,
    ['bench.request_rate: write requests a second, or "inf", not "fast"'],
  ],
])('%s is not', (bench, problems) => {
  expect(said(bench)).toEqual(problems);
});

test('where it runs, and in which image', () => {
  expect(said('{command: ./load.sh, node: own, image: nvcr.io/a/b:1}')).toEqual([]);
  expect(said('{command: ./load.sh, node: decode, image: b.sif}')).toEqual([
    'bench.node: the job has no decode workers',
    'hint: write head, last, own or a role of the job',
    'bench.image: pyxis requires a squashfs image, but "b.sif" is an Apptainer image',
    'hint: convert its source image to a squashfs: `enroot import -o NAME.sqsh docker://REGISTRY#IMAGE:TAG`',
  ]);
});
