import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { BenchResult } from '../../src/bench/result.ts';
import { Stage } from './rehearsal.ts';
import { eventOf, type Submitted, signalTask } from './submitted.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

/** What stands in for benchmark_serving.py, whose packages a rehearsal has not. */
const SERVING = `python3 ${join(import.meta.dirname, '../fixtures/bench/serving.py')}`;
const VLLM = { type: 'vllm', program: SERVING, isl: 200, osl: 20, concurrencies: '2x4', requests: 20 };

function config(name: string, sections: Readonly<Record<string, unknown>>): string {
  const file = join(stage.runs, `${name}.yaml`);
  const job = {
    name,
    gpu: 'h100',
    prefill: { nodes: 1 },
    decode: { workers: 2, gpus_per_worker: 4, restart: 5 },
    model: { path: '/models/tiny', served_name: 'tiny/Model-1' },
    slurm: { account: 'test', partition: 'batch', time: '20m' },
    ...sections,
  };
  writeFileSync(file, JSON.stringify(job));
  return file;
}

async function submit(name: string, sections: Readonly<Record<string, unknown>> = {}): Promise<Submitted> {
  const { code, stdout, stderr } = await stage.run(
    'submit',
    config(name, sections),
    '--cluster',
    'local',
    '--json',
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

const GPUS = { model: 'h100', total: 16, prefill: 8, decode: 8, aggregated: 0 };

test('the built-in client measures a rehearsal, and its results are those of the run', async () => {
  const bench = { type: 'builtin', isl: 200, osl: 20, concurrencies: [2, 8], requests: 40 };
  const { code, stdout, stderr } = await stage.run('rehearse', config('builtin', { bench }), '--json');
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: 'benchmark 1 of 2, concurrency 2\nbenchmark 2 of 2, concurrency 8\n',
  });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const result = lines.find(({ schema }) => schema !== undefined) as BenchResult;
  expect(result).toMatchObject({
    schema: 'dyn-slurm/bench/1',
    name: expect.stringMatching(/^bench-[0-9a-f]{6}$/),
    tool: 'builtin',
    valid: true,
    partial: false,
    problems: [],
    provenance: { dynSlurm: '0.1.0', dynamo: '1.6.1', model: 'tiny/Model-1', gpus: GPUS },
    load: { isl: 200, osl: 20, requestRate: 'inf' },
  });
  expect(result.provenance.configHash).toMatch(/^[0-9a-f]{64}$/);
  expect(result.points).toMatchObject(
    [2, 8].map((concurrency) => ({ concurrency, prompts: 40, completed: 40, failed: 0, outputTokens: 800 })),
  );
  for (const { ttft, itl, e2e, outputTokensPerSecond, perGpu, perUser } of result.points) {
    expect(perGpu).toBeCloseTo(outputTokensPerSecond / 16);
    expect(perUser).toBeGreaterThan(0);
    expect(e2e?.p50).toBeGreaterThanOrEqual(ttft?.min ?? Number.POSITIVE_INFINITY);
    expect(itl?.p99).toBeGreaterThanOrEqual(itl?.p50 ?? Number.POSITIVE_INFINITY);
  }
  const shown = await stage.run('bench', result.run, '--json');
  expect(shown.code).toBe(0);
  expect(JSON.parse(shown.stdout)).toMatchObject([{ name: result.name, points: result.points }]);
});

test('a tool in the job is run for each concurrency, and the job ends with it', async () => {
  const { code, stdout } = await stage.run('rehearse', config('tool', { bench: VLLM }));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^concurrency +tok\/s +per GPU/m);
  expect(stdout).toMatch(/^ +2 .* 20\/20 +0 +yes\n +4 .* 20\/20 +0 +yes\nvalid, MOCK\n/m);
  const events = await stage.run('watch', 'tool', '--json');
  const points = events.stdout
    .split('\n')
    .filter((line) => line.includes('"bench-point"'))
    .map((line) => JSON.parse(line));
  expect(
    points.map(({ state, index, of, concurrency, exit }) => [state, index, of, concurrency, exit]),
  ).toEqual([
    ['begun', 1, 2, 2, undefined],
    ['ended', 1, 2, 2, 0],
    ['begun', 2, 2, 4, undefined],
    ['ended', 2, 2, 4, 0],
  ]);
  expect((await stage.run('status', 'tool')).stdout).toContain('bench    2 concurrencies, valid, MOCK\n');
});

test('questions are asked in the job, but answers of mock engines are not judged', async () => {
  const accuracy = { suite: 'gsm8k', threshold: 0.9, dataset: '/nowhere/test.jsonl', repeat: 3 };
  const bench = { ...VLLM, concurrencies: 2, accuracy };
  const { code, stdout, stderr } = await stage.run('rehearse', config('questions', { bench }));
  expect(code).toBe(0);
  expect(stderr).toContain('a few made-up questions take the place of the data set');
  expect(stdout).toMatch(
    /^accuracy gsm8k: [\d.]+% right \(95% interval .*\), \d of 7 answers.*; not meaningful and not judged: mock engines answer with random text$/m,
  );
  expect(stdout).toMatch(/^ +2 .* 20\/20 +0 +yes\nvalid, MOCK\n/m);
  const shown = await stage.run('bench', 'questions', '--json');
  expect(JSON.parse(shown.stdout)).toMatchObject([
    { valid: true, accuracy: { valid: true, threshold: 0.9, questions: 7, answers: 7, failed: 0 } },
  ]);
  const alone = { type: 'accuracy', accuracy: { suite: 'gpqa', threshold: 1 } };
  const second = await stage.run('rehearse', config('alone', { bench: alone }));
  expect({ code: second.code, end: second.stdout.split('\n').slice(-2)[0] }).toEqual({
    code: 0,
    end: 'valid, MOCK',
  });
});

test('answers that are too short make it INVALID', async () => {
  const bench = { ...VLLM, concurrencies: 2, args: { 'fall-short': true } };
  const { code, stdout } = await stage.run('rehearse', config('short', { bench }));
  expect(code).toBe(10);
  expect(stdout).toMatch(
    /INVALID\n {2}concurrency 2: answers had 10 tokens on average instead of 20, tolerance 10%\n$/,
  );
  const { code: again, stdout: status } = await stage.run('status', 'short');
  expect(again).toBe(10);
  expect(status).toContain('bench    1 concurrency, INVALID: concurrency 2: answers had 10 tokens');
});

test('a tool that is not on this machine is said to be missing before anything starts, or left out', async () => {
  const missing = { type: 'aiperf', program: 'no-such-aiperf', isl: 200, osl: 20, concurrencies: 2 };
  expect(await stage.run('rehearse', config('missing', { bench: missing }))).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('there is no no-such-aiperf on this machine'),
  });
  const sglang = { type: 'sglang', isl: 200, osl: 20, concurrencies: 2 };
  const why = 'the Python of a rehearsal has no sglang.bench_serving';
  expect(await stage.run('rehearse', config('module', { bench: sglang }))).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`\nleft out    the benchmark: ${why}\n`),
    stderr: expect.stringContaining(`rehearsing without the benchmark: ${why}\n`),
  });
});

test('a job that serves is measured by steps of its own, which can be ended and gone on with', async () => {
  const run = await submit('serving');
  await eventOf(run, 'ready');
  const flags = [
    '--type',
    'vllm',
    '--program',
    SERVING,
    '--isl',
    '200',
    '--osl',
    '20',
    '--concurrency',
    '12x2',
    '--requests',
    '12',
  ];
  // The first measurement sends its requests at once; the second one takes six turns, with two seconds after each.
  const slow = stage.run('bench', run.run, ...flags, '--arg', 'pace=2', '--json');
  await pointBegun(run, 2);
  expect(await stage.run('bench', run.run, ...flags)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('a benchmark is already running in serving-'),
  });
  expect((await stage.run('bench', run.run, '--stop')).code).toBe(0);
  const stopped = await slow;
  expect(stopped.code).toBe(10);
  const cut = JSON.parse(stopped.stdout) as BenchResult;
  expect(cut).toMatchObject({ valid: false, partial: true });
  expect(cut.points.map(({ concurrency, valid, partial }) => [concurrency, valid, partial])).toEqual([
    [12, true, false],
    [2, false, true],
  ]);

  const resumed = await stage.run('bench', run.run, '--resume', '--json');
  expect(resumed.code).toBe(0);
  const whole = JSON.parse(resumed.stdout) as BenchResult;
  expect(whole).toMatchObject({ name: cut.name, valid: true, partial: false });
  expect(whole.points[0]).toEqual(cut.points[0]);
  expect(readdirSync(join(run.dir, 'results', cut.name)).some((name) => name.startsWith('cut-off-c2-'))).toBe(
    true,
  );
  expect((await stage.run('bench', run.run, '--resume')).code).toBe(2);

  // A command of the user's, whose results are read where they are in a shape that is known.
  const command = `${SERVING} --base-url $DYN_SLURM_URL --model $DYN_SLURM_MODEL --random-input-len 50 --random-output-len 5 --num-prompts 6 --max-concurrency 3 --save-result --result-dir $DYN_SLURM_RESULTS --result-filename mine.json`;
  const own = await stage.run('bench', run.run, '--json', '--', command);
  expect(JSON.parse(own.stdout)).toMatchObject({
    tool: 'custom',
    valid: true,
    exit: 0,
    points: [{ concurrency: 3, completed: 6, outputTokens: 30 }],
  });
  expect(own.code).toBe(0);
  expect((await stage.run('cancel', run.run)).code).toBe(0);
});

test('a worker that is lost under a measurement makes it INVALID', async () => {
  const run = await submit('lossy');
  await eventOf(run, 'ready');
  const bench = stage.run(
    'bench',
    run.run,
    ...[
      '--type',
      'vllm',
      '--program',
      SERVING,
      '--isl',
      '200',
      '--osl',
      '20',
      '--concurrency',
      '1',
      '--requests',
      '20',
      '--arg',
      'pace=1',
      '--json',
    ],
  );
  await pointBegun(run, 1);
  signalTask(run, { step: 'decode-0', program: 'python' }, 'SIGKILL');
  const { code, stdout } = await bench;
  expect(code).toBe(10);
  const { problems } = JSON.parse(stdout) as BenchResult;
  expect(problems).toContainEqual({
    kind: 'worker-restarted',
    concurrency: 1,
    reason: expect.stringMatching(/^decode-0 on node1 was killed by SIGKILL/),
  });
  expect((await stage.run('cancel', run.run)).code).toBe(0);
});

test('a service that runs on without a benchmark says how to run one', async () => {
  const run = await submit('plain');
  await eventOf(run, 'ready');
  expect(await stage.run('bench', run.run)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /the config of plain-\w+ has no bench\n {2}hint: specify what to measure: /,
    ),
  });
  expect((await stage.run('bench', run.run, '--show')).code).toBe(2);
  expect((await stage.run('bench', run.run, '--type', 'builtin', '--isl', '10')).stderr).toContain(
    'bench.concurrencies: is missing',
  );
  expect((await stage.run('cancel', run.run)).code).toBe(0);
});

/** Waits until that measurement has begun. */
async function pointBegun(run: Submitted, index: number): Promise<void> {
  await eventOf(run, 'bench-point');
  const { setTimeout: sleep } = await import('node:timers/promises');
  const begun = `"state":"begun","index":${index},`;
  while (!readFileSync(join(run.dir, 'events.jsonl'), 'utf8').includes(begun)) await sleep(50);
}

test('a command is told of the service by placeholders, and leaves its results', async () => {
  const bench = {
    command:
      'echo "{host} {port} $DECODE" && curl -sf {url}/v1/models >{results}/models.json && test {model} = tiny/Model-1',
    env: { DECODE: '{decode_endpoints}' },
    node: 'own',
  };
  const { code } = await stage.run('rehearse', config('told', { bench }));
  expect(code).toBe(0);
  const [run = ''] = readdirSync(stage.runs).filter((name) => name.startsWith('told-'));
  const read = (file: string) => readFileSync(join(stage.runs, run, file), 'utf8');
  expect(JSON.parse(read('results/models.json'))).toMatchObject({ data: [{ id: 'tiny/Model-1' }] });
  const [log = ''] = readdirSync(join(stage.runs, run, 'logs')).filter((name) => name.startsWith('bench.'));
  expect(read(`logs/${log}`)).toMatch(/^(127\.\d+\.\d+)\.\d+ \d+ \1\.\d+:\d+,\1\.\d+:\d+$/m);
});

test('rates, a chat template and goodput with the built-in client; power of mock GPUs is not known', async () => {
  const bench = {
    ...{ type: 'builtin', isl: 200, osl: 20, concurrencies: 4, requests: 20, request_rate: [50, 'inf'] },
    ...{ chat_template: true, slo: { ttft: '600s', itl: '600s' }, random_range_ratio: 0.8 },
  };
  const observe = { gpu_log: 'nvidia-smi', interval: '1s' };
  const { code, stdout } = await stage.run('rehearse', config('good', { bench, observe }), '--json');
  expect(code).toBe(0);
  const results = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const result = results.find(({ schema }) => schema !== undefined) as BenchResult;
  expect(result.load).toEqual({ isl: 200, osl: 20, slo: { ttft: 600_000, itl: 600_000 } });
  for (const { goodput, requestsPerSecond, noEnergy } of result.points) {
    expect(goodput).toBeCloseTo(requestsPerSecond);
    expect(noEnergy).toMatch(/^the log of node \S+ has no power of GPU 0$/);
  }
  expect(result.points.map(({ requestRate }) => requestRate)).toEqual([50, 'inf']);
});
