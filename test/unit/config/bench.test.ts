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
  '{type: accuracy, accuracy: {suite: gsm8k}}',
  '{type: trace, trace: /data/t.jsonl, tokenizer: org/m}',
  '{type: trace, trace: /data/t.jsonl, tokenizer: org/m, concurrencies: 8x16, fixed_schedule: true, speedup: 2.5, requests: 100}',
  '{type: trace, trace: /data/t.jsonl, tokenizer: org/m, concurrencies: 8, fixed_schedule: false, request_rate: 4}',
  `{type: agentic, ${LOAD}, turns: 8, turn_delay: 2s, args: {shared-system-prompt-length: 4000}}`,
  `{type: vllm, ${LOAD}, accuracy: {suite: mmlu, threshold: 0.8, samples: 50, shots: 0, temperature: 0, top_k: -1}}`,
  '{command: ./load.sh, accuracy: {suite: custom, dataset: /data/q.jsonl, threshold: 1}}',
  '{type: accuracy, accuracy: {suite: aime, dataset: "https://example.org:8443/aime.jsonl", repeat: 4}}',
])('%s is fine', (bench) => {
  expect(said(bench)).toEqual([]);
});

const COMMAND_MISSING = [
  'bench.command: is missing: type custom, the default, runs a command that you give',
  'hint: set it, or choose another type: aiperf, trace, agentic, sglang, vllm, accuracy or builtin',
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
    [
      'bench.type: must be one of custom, aiperf, trace, agentic, sglang, vllm, accuracy or builtin, not "genai"',
    ],
  ],
  [
    `{type: vllm, ${LOAD}, request_rate: fast}`,
    ['bench.request_rate: write requests a second, or "inf", or a list of them, not "fast"'],
  ],
  [
    '{type: accuracy}',
    [
      'bench.accuracy: is missing: type accuracy asks its questions',
      'hint: set it, such as accuracy: {suite: gsm8k, threshold: 0.9}',
    ],
  ],
  [
    '{type: accuracy, accuracy: {suite: gsm8k}, concurrencies: 4}',
    [
      'bench.concurrencies: has no effect: type accuracy generates no load',
      'hint: remove it, or choose the type of a load generator: accuracy is then measured before it',
    ],
  ],
  [
    `{type: builtin, ${LOAD}, accuracy: {suite: gsm8k}}`,
    [
      'bench.accuracy: has no effect: it runs in the job, but type builtin runs on the machine of `dyn-slurm bench`',
      'hint: use a type that runs in the job, or type accuracy in a config of its own',
    ],
  ],
  ...(['aime', 'longbenchv2'] as const).map((suite): [string, readonly string[]] => [
    `{type: accuracy, accuracy: {suite: ${suite}}}`,
    [
      `bench.accuracy.dataset: is missing: dyn-slurm knows no file from which the questions of ${suite} can be downloaded`,
      'hint: set it to a file with one question a line, such as {"question": "What is 6 x 7?", "answer": "42"}',
    ],
  ]),
  [
    '{type: accuracy, accuracy: {suite: gsm9k, threshold: 90, dataset: data/q.jsonl}}',
    [
      'bench.accuracy.suite: unknown value "gsm9k"; did you mean "gsm8k"?',
      'hint: one of gsm8k, gpqa, mmlu, aime, longbenchv2 or custom',
      'bench.accuracy.threshold: must be at most 1, not 90',
      'bench.accuracy.dataset: write the absolute path of a file on the nodes, or an http or https URL; without "," and ":"',
    ],
  ],
  [
    '{type: trace, isl: 5, turns: 3, dataset: sharegpt, request_rate: 4, args: {input-file: /t}}',
    [
      'bench.trace: is missing: type trace replays its requests',
      'hint: set it to a file of JSON lines, such as {"timestamp": 0, "input_length": 655, "output_length": 52, "hash_ids": [0, 1]}',
      'bench.isl: has no effect: the trace has the length of each request',
      'hint: remove it',
      'bench.turns: applies only to type agentic, but the type is trace',
      'hint: remove it',
      'bench.dataset: has no effect: type trace takes all requests from bench.trace',
      'hint: remove it',
      'bench.request_rate: contradicts the times of the trace, at which its requests are sent',
      'hint: remove it, or set fixed_schedule: false',
      'bench.args.input-file: --input-file is set by dyn-slurm, from bench.trace',
      'hint: remove it here, and set bench.trace instead',
    ],
  ],
  ...(['trace: /t.jsonl', 'trace: /t.jsonl, tokenizer: /models/other'] as const).map(
    (keys, index): [string, readonly string[]] => [
      `{type: trace, ${keys}}`,
      [
        `warning: bench.${index === 0 ? 'trace' : 'tokenizer'}: aiperf 0.13 cannot make prompts from hash_ids with a tokenizer that is a folder, only with one in a Hugging Face cache`,
        'hint: if the trace has hash_ids, set bench.tokenizer to a model ID, and HF_HOME in bench.env to a cache that has it',
      ],
    ],
  ),
  [
    '{type: trace, trace: t.jsonl}',
    ['bench.trace: write the absolute path of a file on the nodes, without "," and ":"'],
  ],
  [
    '{type: trace, trace: /t.jsonl, tokenizer: org/m, fixed_schedule: false, speedup: 2}',
    [
      'bench.concurrencies: is missing: type trace needs it to generate load',
      'bench.speedup: has no effect: without a fixed schedule the times of the trace are not used',
      'hint: remove it, or fixed_schedule: false',
    ],
  ],
  [
    `{type: agentic, ${LOAD}, trace: /t.jsonl}`,
    [
      'bench.turns: is missing: type agentic needs the number of turns of each session',
      'bench.trace: applies only to type trace, but the type is agentic',
      'hint: remove it',
    ],
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

test.each<[string, readonly string[]]>([
  [`{type: vllm, ${LOAD}, chat_template: true, slo: {ttft: 2s, itl: 25ms}, request_rate: [1, inf]}`, []],
  [
    `{type: vllm, ${LOAD}, chat_template: /t.jinja}`,
    [
      'bench.chat_template: the service puts prompts into its own template, not into one of the benchmark',
      'hint: write true, and set dynamo.custom_jinja_template to that path to have the service use it',
    ],
  ],
  [
    '{command: x, chat_template: true, slo: {ttft: 1s}}',
    [
      'bench.chat_template: has no effect: type custom runs a command, which makes its requests itself',
      'hint: remove it',
      'bench.slo: has no effect: type custom runs a command, which judges its requests itself',
      'hint: remove it',
    ],
  ],
  [
    `{type: vllm, ${LOAD}, slo: {}}`,
    [
      'bench.slo: has no bounds, so it has no effect',
      'hint: give at least one of ttft, itl and e2e, such as {ttft: 2s}, or remove it',
    ],
  ],
  [
    `{type: vllm, ${LOAD}, slo: {ttft: null}}`,
    [
      'bench.slo: has no bounds, so it has no effect',
      'hint: give at least one of ttft, itl and e2e, such as {ttft: 2s}, or remove it',
    ],
  ],
  [`{type: vllm, ${LOAD}, slo: {ttft: 2}}`, ['bench.slo.ttft: 2 is a number; write "2" in quotes']],
  [`{type: vllm, ${LOAD}, slo: {ttft: 2h}}`, ['bench.slo.ttft: write a time above zero as 25ms, 0.5s or 2s']],
  [`{type: vllm, ${LOAD}, slo: {itl: 0ms}}`, ['bench.slo.itl: write a time above zero as 25ms, 0.5s or 2s']],
  [
    `{type: vllm, ${LOAD}, request_rate: [1, fast]}`,
    ['bench.request_rate: write requests a second, or "inf", or a list of them'],
  ],
  [
    `{type: aiperf, ${LOAD}, slo: {itl: 5ms}, args: {goodput: 'request_latency:9', endpoint-type: chat}}`,
    [
      'bench.args.goodput: is set by dyn-slurm, from bench.slo',
      'hint: remove one of the two',
      'bench.args.endpoint-type: --endpoint-type is set by dyn-slurm, from bench.chat_template',
      'hint: remove it here, and set bench.chat_template instead',
    ],
  ],
])('%s: templates, objectives and rates', (bench, problems) => {
  expect(said(bench)).toEqual(problems);
});
