import { describe, expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { type BenchSpec, benchOutline, benchSpec } from '../../../src/plan/bench/spec.ts';
import { benchSteps, type OtherBench } from '../../../src/plan/bench-step.ts';
import { sampleJob } from './sample-job.ts';

const LOAD = { isl: 1024, osl: 128, concurrencies: '16x64' };
const URL = 'http://${NODE_IP[0]}:8000';

function specOf(sections: object): BenchSpec | undefined {
  const job = sampleJob({ aggregated: {}, frontend: { port: 8000 }, ...sections });
  return job.bench && benchSpec(job.bench, job, { entry: { node: 0, port: 8000 }, node: 0, services: [] });
}

function words(bench: object, other?: OtherBench): readonly string[] {
  const [step] = benchSteps(specOf({ bench }), other);
  return step?.argv.map(argText) ?? [];
}

/** Lines as bench.sh takes them: what comes before the first `:::`, and each command. */
function commands(argv: readonly string[]): readonly string[] {
  return argv.join(' ').split(' ::: ');
}

describe('each tool is run once for each concurrency, with five times as many requests', () => {
  test('aiperf', () => {
    const run = (index: number, c: number) =>
      `point ${index} ${c} c${c} 0 INT aiperf profile --model m --tokenizer /models/m --url ${URL} --endpoint-type completions --streaming` +
      ` --concurrency ${c} --request-count ${5 * c} --warmup-request-count ${c} --num-dataset-entries ${6 * c}` +
      ' --isl 1024 --isl-stddev 0 --osl 128 --osl-stddev 0 --extra-inputs ignore_eos:true --extra-inputs min_tokens:128' +
      ` --use-server-token-count --random-seed ${index} --output-artifact-dir \${ATTEMPT_DIR}/results/bench/c${c}`;
    expect(commands(words({ type: 'aiperf', ...LOAD }))).toEqual([
      'bash ${RUN_DIR}/runtime/bench.sh 2',
      run(1, 16),
      run(2, 64),
    ]);
  });

  test('sglang.bench_serving', () => {
    const run = (index: number, c: number) =>
      `point ${index} ${c} c${c} 0 TERM python3 -m sglang.bench_serving --backend sglang-oai --base-url ${URL} --model m --tokenizer /models/m` +
      ' --dataset-name random-ids --random-input-len 1024 --random-output-len 128 --random-range-ratio 1' +
      ` --num-prompts ${5 * c} --max-concurrency ${c} --request-rate inf --warmup-requests ${c} --seed ${index} --disable-tqdm` +
      ` --output-file \${ATTEMPT_DIR}/results/bench/c${c}/result.jsonl`;
    expect(commands(words({ type: 'sglang', ...LOAD }))).toEqual([
      'bash ${RUN_DIR}/runtime/bench.sh 2',
      run(1, 16),
      run(2, 64),
    ]);
  });

  test('benchmark_serving of vLLM, with a warm-up of its own', () => {
    const load = (c: number, prompts: number, rate: string) =>
      `vllm bench serve --backend openai --base-url ${URL} --endpoint /v1/completions --model m --tokenizer /models/m --dataset-name random` +
      ` --random-input-len 1024 --random-output-len 128 --num-prompts ${prompts} --max-concurrency ${c} --request-rate ${rate} --ignore-eos --disable-tqdm`;
    const run = (index: number, c: number) => [
      `warm-up ${index} ${c} c${c} 0 TERM ${load(c, c, '250')} --seed ${100_000 + index}`,
      `point ${index} ${c} c${c} 0 TERM ${load(c, 5 * c, 'inf')} --percentile-metrics ttft,tpot,itl,e2el --metric-percentiles 50,90,95,99` +
        ` --seed ${index} --save-result --result-dir \${ATTEMPT_DIR}/results/bench/c${c} --result-filename result.json`,
    ];
    expect(commands(words({ type: 'vllm', ...LOAD }))).toEqual([
      'bash ${RUN_DIR}/runtime/bench.sh 2',
      ...run(1, 16),
      ...run(2, 64),
    ]);
  });
});

test('all that a config may say', () => {
  const argv = words({
    type: 'sglang',
    program: ' python3  /opt/bench_serving.py ',
    isl: 100,
    osl: 10,
    concurrencies: [8, 8],
    request_rate: 2.5,
    requests: 30,
    warmup_per_concurrency: 0,
    random_range_ratio: 0.8,
    dataset: 'sharegpt',
    dataset_path: '/data/sharegpt.json',
    tokenizer: '/tokenizers/m',
    point_time_limit: '10m',
    args: { seed: 7, disable_ignore_eos: true, header: ['a=b', 'c=d'], 'num-prompts': 30, model: 'm' },
  });
  const run = (index: number, folder: string) =>
    `point ${index} 8 ${folder} 600 TERM python3 /opt/bench_serving.py --backend sglang-oai --base-url ${URL} --model m --tokenizer /tokenizers/m` +
    ' --dataset-name sharegpt --dataset-path /data/sharegpt.json --num-prompts 30 --max-concurrency 8 --request-rate 2.5 --warmup-requests 0' +
    ` --disable-tqdm --output-file \${ATTEMPT_DIR}/results/bench/${folder}/result.jsonl --seed 7 --disable-ignore-eos --header a=b c=d`;
  expect(commands(argv)).toEqual(['bash ${RUN_DIR}/runtime/bench.sh 2', run(1, 'c8'), run(2, 'c8.2')]);
});

test('one that is asked for has a folder and a script of its own, and leaves out what is there', () => {
  const argv = commands(
    words(
      { type: 'vllm', ...LOAD, warmup_per_concurrency: 0 },
      { name: 'bench-1a2b3c', done: new Set(['c16']) },
    ),
  );
  expect(argv).toEqual([
    'bash ${RUN_DIR}/results/bench-1a2b3c/bench.sh 2',
    expect.stringMatching(/^point 2 64 c64 .*--result-dir \$\{RUN_DIR\}\/results\/bench-1a2b3c\/c64 /),
  ]);
});

test('a command of the user’s has the whole folder of results', () => {
  const [step] = benchSteps(specOf({ bench: { command: './load.sh', env: { A: 1 } } }));
  expect(step?.argv).toEqual(['bash', '-c', './load.sh']);
  expect(Object.entries(step?.env ?? {}).map(([name, word]) => `${name}=${argText(word)}`)).toEqual([
    `DYN_SLURM_URL=${URL}`,
    'DYN_SLURM_MODEL=m',
    'DYN_SLURM_RESULTS=${ATTEMPT_DIR}/results',
    'A=1',
  ]);
});

describe('aiperf with sessions', () => {
  const service = `--model m --tokenizer /models/m --url ${URL} --endpoint-type chat --streaming --extra-inputs ignore_eos:true --use-server-token-count`;

  test('a trace at its own times, with no limit but that of aiperf', () => {
    expect(
      commands(words({ type: 'trace', trace: '/data/t.jsonl', fixed_schedule: true, speedup: 2 })),
    ).toEqual([
      'bash ${RUN_DIR}/runtime/bench.sh 1',
      `warm-up 1 2500 c2500 0 INT aiperf profile ${service} --isl 512 --isl-stddev 0 --osl 32 --osl-stddev 0 --concurrency 1` +
        ' --request-count 5 --num-dataset-entries 5 --random-seed 100001 --output-artifact-dir ${ATTEMPT_DIR}/results/bench/c2500-warm-up',
      `point 1 2500 c2500 0 INT aiperf profile ${service} --input-file /data/t.jsonl --custom-dataset-type mooncake_trace --fixed-schedule` +
        ' --fixed-schedule-auto-offset --synthesis-speedup-ratio 2 --concurrency 2500 --random-seed 1 --output-artifact-dir ${ATTEMPT_DIR}/results/bench/c2500',
    ]);
  });

  test('a trace as fast as the concurrency allows', () => {
    const bench = {
      ...{ type: 'trace', trace: '/data/t.jsonl', fixed_schedule: false, requests: 40, request_rate: 3 },
      ...{ concurrencies: [8], warmup_per_concurrency: 0, slo: { ttft: '2s', itl: '25ms' } },
    };
    expect(commands(words(bench)).slice(1)).toEqual([
      `point 1 8 c8 0 INT aiperf profile ${service} --input-file /data/t.jsonl --custom-dataset-type mooncake_trace --no-fixed-schedule` +
        ' --concurrency 8 --request-count 40 --request-rate 3 --goodput time_to_first_token:2000 inter_token_latency:25' +
        ' --random-seed 1 --output-artifact-dir ${ATTEMPT_DIR}/results/bench/c8',
    ]);
  });

  test('sessions of several turns', () => {
    const bench = { type: 'agentic', isl: 100, osl: 20, concurrencies: [4], turns: 8, turn_delay: '2s' };
    const lengths = '--isl 100 --isl-stddev 0 --osl 20 --osl-stddev 0';
    expect(commands(words(bench)).slice(1)).toEqual([
      `warm-up 1 4 c4 0 INT aiperf profile ${service} ${lengths} --concurrency 4 --request-count 4 --num-dataset-entries 4` +
        ' --random-seed 100001 --output-artifact-dir ${ATTEMPT_DIR}/results/bench/c4-warm-up',
      `point 1 4 c4 0 INT aiperf profile ${service} ${lengths} --num-sessions 20 --session-turns-mean 8 --session-turns-stddev 0` +
        ' --session-turn-delay-mean 2000 --session-turn-delay-stddev 0 --concurrency 4 --extra-inputs min_tokens:20 --random-seed 1' +
        ' --output-artifact-dir ${ATTEMPT_DIR}/results/bench/c4',
    ]);
    const spec = specOf({ bench });
    expect(spec && benchOutline(spec)).toMatchObject({ outputLength: [20, 20], points: [{ prompts: 160 }] });
    expect(spec && benchOutline(spec)).not.toHaveProperty('inputLength');
  });
});

describe('questions are asked first', () => {
  const block = (more: string) =>
    `accuracy 0 128 accuracy 0 TERM python3 \${RUN_DIR}/runtime/accuracy.py --url ${URL} --model m ${more}`;

  test('before a load', () => {
    const accuracy = { suite: 'mmlu', threshold: 0.8, dataset: '/data/mmlu.csv', temperature: 0 };
    const [head, questions, ...load] = commands(words({ type: 'sglang', ...LOAD, accuracy }));
    expect([head, questions]).toEqual([
      'bash ${RUN_DIR}/runtime/bench.sh 2',
      block(
        '--data /data/mmlu.csv --out ${ATTEMPT_DIR}/results/bench/accuracy --samples 200 --shots 0 --repeat 1' +
          ' --concurrency 128 --body {"max_tokens":2048,"temperature":0}',
      ),
    ]);
    expect(load).toEqual(commands(words({ type: 'sglang', ...LOAD })).slice(1));
  });

  test('before a command, whose own folder has the answers, too', () => {
    const accuracy = {
      suite: 'gpqa',
      samples: 50,
      shots: 2,
      max_tokens: 100,
      repeat: 8,
      top_p: 0.9,
      top_k: 20,
    };
    expect(commands(words({ command: './load.sh', accuracy }))).toEqual([
      'bash ${RUN_DIR}/runtime/bench.sh 0',
      block(
        '--data https://openaipublic.blob.core.windows.net/simple-evals/gpqa_diamond.csv' +
          ' --out ${ATTEMPT_DIR}/results/accuracy --samples 50 --shots 2 --repeat 8 --concurrency 128' +
          ' --body {"max_tokens":100,"top_p":0.9,"top_k":20}',
      ),
      'command 0 0 . 0 TERM bash -c ./load.sh',
    ]);
  });

  test('alone, in a benchmark that was asked for', () => {
    const other = { name: 'bench-1a2b3c', done: new Set<string>() };
    expect(commands(words({ type: 'accuracy', accuracy: { suite: 'gsm8k' } }, other))).toEqual([
      'bash ${RUN_DIR}/results/bench-1a2b3c/bench.sh 0',
      block(
        '--data https://raw.githubusercontent.com/openai/grade-school-math/master/grade_school_math/data/test.jsonl' +
          ' --out ${RUN_DIR}/results/bench-1a2b3c/accuracy --shots 5 --repeat 1 --concurrency 128 --body {"max_tokens":16384}',
      ).replace('runtime', 'results/bench-1a2b3c'),
    ]);
  });
});

test('the built-in client is no step', () => {
  expect(words({ type: 'builtin', ...LOAD })).toEqual([]);
});

test('bench.json says what will be measured, and what it is judged by', () => {
  const spec = specOf({
    container: { image: 'nvcr.io/nvidia/ai-dynamo/sglang-runtime:1.6.1' },
    bench: { type: 'sglang', ...LOAD, random_range_ratio: 0.8, max_error_rate: 0.01 },
  });
  expect(spec && benchOutline(spec)).toEqual({
    version: 1,
    name: 'bench',
    type: 'sglang',
    isl: 1024,
    osl: 128,
    requestRate: 'inf',
    inputLength: [expect.closeTo(921.6), expect.closeTo(921.6)],
    outputLength: [expect.closeTo(115.2), expect.closeTo(115.2)],
    lengthTolerance: 0.1,
    maxErrorRate: 0.01,
    points: [
      { folder: 'c16', concurrency: 16, prompts: 80 },
      { folder: 'c64', concurrency: 64, prompts: 320 },
    ],
    service: { model: 'm', dynamo: '1.6.1', image: 'nvcr.io/nvidia/ai-dynamo/sglang-runtime:1.6.1' },
  });
});

/** The command of the first measurement, from the tool's own options on. */
const first = (bench: object): string =>
  commands(words({ ...LOAD, concurrencies: 16, warmup_per_concurrency: 0, ...bench }))[1] ?? '';

describe('lengths are random from a part of the longest on, for each tool', () => {
  const RATIO = { isl: 1000, osl: 100, random_range_ratio: 0.8 };
  test.each([
    ['sglang', '--random-input-len 1000 --random-output-len 100 --random-range-ratio 0.8 '],
    [
      'aiperf',
      '--isl 1000 --isl-stddev 0 --osl 100 --osl-stddev 0 --random-range-ratio 0.8 --random-corpus-style sglang ',
    ],
    // From 800 to 1,000, and from 80 to 100: as far to both sides as that.
    ['vllm', '--random-input-len 900 --random-output-len 90 --random-range-ratio 0.111111 '],
  ])('%s', (type, options) => {
    expect(first({ type, ...RATIO })).toContain(options);
    const spec = specOf({ bench: { type, ...LOAD, ...RATIO } });
    const { inputLength, outputLength } = (spec && benchOutline(spec)) ?? {};
    expect([inputLength, outputLength]).toEqual([
      [900, 900],
      [90, 90],
    ]);
  });

  test('vLLM’s tool takes no ratio of 1', () => {
    expect(first({ type: 'vllm', ...RATIO, random_range_ratio: 0 })).toContain('--random-range-ratio 0.999 ');
  });

  test('a program of the user’s takes the ratio as it is', () => {
    const program = 'python3 /sa-bench/benchmark_serving.py';
    expect(first({ type: 'vllm', ...RATIO, program })).toContain(
      '--random-input-len 1000 --random-output-len 100 --random-range-ratio 0.8 ',
    );
  });
});

test.each([
  ['aiperf', '--endpoint-type chat '],
  ['sglang', '--backend sglang-oai-chat '],
  ['sglang', '--extra-request-body {"ignore_eos": true} '],
  ['vllm', `--backend openai-chat --base-url ${URL} --endpoint /v1/chat/completions `],
])('%s has the service use its chat template', (type, options) => {
  expect(first({ type, chat_template: true })).toContain(options);
});

test.each([
  ['aiperf', '--goodput time_to_first_token:2000 inter_token_latency:25.5 request_latency:30000 '],
  ['sglang', '--output-details '],
  ['vllm', '--goodput ttft:2000 tpot:25.5 e2el:30000'],
])('%s is told the service-level objective', (type, options) => {
  const slo = { ttft: '2s', itl: '25.5ms', e2e: '30s' };
  expect(first({ type, slo })).toContain(options);
  const spec = specOf({ bench: { type, ...LOAD, slo } });
  expect(spec && benchOutline(spec).slo).toEqual({ ttft: 2000, itl: 25.5, e2e: 30_000 });
});

test('the tool of vLLM before 0.11 is told the form of requests by another argument', () => {
  const command = (engine: object, bench: object = {}) =>
    benchSteps(specOf({ engine, bench: { type: 'vllm', ...LOAD, chat_template: true, ...bench } }))[0]
      ?.argv.map(argText)
      .join(' ');
  const told = '--backend openai-chat --endpoint-type openai-chat --base-url';
  expect(command({ type: 'vllm', version: '0.10.2' })).toContain(told);
  // `/v1/completions` is what it takes by itself.
  expect(command({ type: 'vllm', version: '0.10.2' }, { chat_template: false })).not.toContain(
    'endpoint-type',
  );
  expect(command({ type: 'vllm', version: '0.11.0' })).not.toContain('endpoint-type');
  // Nobody knows the releases of tools in other images.
  expect(command({ type: 'vllm', version: '0.10.2' }, { image: 'tools:1' })).not.toContain('endpoint-type');
  expect(command({ type: 'sglang' })).not.toContain('endpoint-type');
});

test('each rate is measured with each concurrency', () => {
  const bench = { type: 'vllm', ...LOAD, request_rate: [2.5, 'inf'], warmup_per_concurrency: 0 };
  const runs = commands(words(bench)).slice(1);
  expect(runs.map((run) => /^(point \d+ \d+ \S+) .* (--request-rate \S+)/.exec(run)?.slice(1))).toEqual([
    ['point 1 16 c16-r2.5', '--request-rate 2.5'],
    ['point 2 64 c64-r2.5', '--request-rate 2.5'],
    ['point 3 16 c16-rinf', '--request-rate inf'],
    ['point 4 64 c64-rinf', '--request-rate inf'],
  ]);
  const spec = specOf({ bench });
  const outline = spec && benchOutline(spec);
  expect([outline?.requestRate, outline?.points[2]]).toEqual([
    undefined,
    { folder: 'c16-rinf', concurrency: 16, prompts: 80, requestRate: 'inf' },
  ]);
});
