import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { argText } from '../../../../src/argument.ts';
import { run } from '../../../../src/cli/program.ts';
import { localHost } from '../../../../src/host/local.ts';
import { benchOutline, benchSpec } from '../../../../src/plan/bench/spec.ts';
import { benchSteps } from '../../../../src/plan/bench-step.ts';
import { page } from '../../../../src/report/page.ts';
import { readRunData } from '../../../../src/report/read.ts';
import { readRun } from '../../../../src/run/folder.ts';
import { type Asked, answering } from '../../bench/questions.ts';
import { sampleJob } from '../../plan/sample-job.ts';
import { addRun, packageRoot, type Site, site } from '../run-folder.ts';

// The benchmark runs as the job runs it, by bench.sh and accuracy.py, against a service that answers right or wrong; what
// it left is then shown in every way that there is.

const DATASET = join(packageRoot, 'rehearsal/questions.jsonl');
const RESULT = join(packageRoot, 'test/recorded/bench/aiperf-0.13.0/profile_export_aiperf.json');

const ANSWERS: readonly (readonly [question: string, right: string])[] = [
  ['90 km', '360'],
  ['2 books', '6'],
  ['planet', 'A'],
  ['3 weeks', '21'],
  ['prime', 'C'],
  ['Kim walks', '20'],
  ['28 is ill', '14'],
];

const right = ({ messages }: Asked) =>
  `Answer: ${ANSWERS.find(([question]) => messages.at(-1)?.content.includes(question))?.[1]}`;
const wrong = (asked: Asked, index: number) => (index < 2 ? right(asked) : index < 4 ? null : 'Answer: 99');

/** A run whose benchmark asked a service questions, and then ran a command that measured something. */
async function addBenched(
  root: string,
  id: string,
  answer: Parameters<typeof answering>[0],
): Promise<string> {
  const dir = await addRun(root, { id, jobId: '4242', events: 'served' });
  const events = join(dir, 'events.jsonl');
  const recorded = await readFile(events, 'utf8');
  await writeFile(events, recorded.replaceAll('"outcome":"cancelled"', '"outcome":"succeeded"'));
  const { url } = await answering(answer);
  const accuracy = { suite: 'gsm8k', threshold: 0.9, dataset: DATASET, shots: 1, concurrency: 1 };
  const command = `mkdir "$DYN_SLURM_RESULTS/c8" && cp ${RESULT} "$DYN_SLURM_RESULTS/c8"`;
  const job = sampleJob({ aggregated: {}, frontend: { port: 8000 }, bench: { command, accuracy } });
  const spec =
    job.bench && benchSpec(job.bench, job, { entry: { node: 0, port: 8000 }, node: 0, services: [] });
  const [step] = benchSteps(spec);
  if (spec === undefined || step === undefined) throw new Error('no benchmark');
  const outline = { ...benchOutline(spec), lengthTolerance: 1 };
  await writeFile(join(dir, 'bench.json'), JSON.stringify(outline));
  for (const folder of ['runtime', 'state', 'results']) await mkdir(join(dir, folder), { recursive: true });
  for (const name of ['bench.sh', 'environment.sh', 'accuracy.py'])
    await copyFile(join(packageRoot, 'templates', name), join(dir, 'runtime', name));
  const filled = (text: string) =>
    text.replaceAll(/\$\{(RUN|ATTEMPT)_DIR\}/g, dir).replaceAll('http://${NODE_IP[0]}:8000', url);
  const [program = '', ...words] = step.argv.map(argText).map(filled);
  const env = {
    ...{ PATH: process.env.PATH, DYN_SLURM_RUN_DIR: dir, DYN_SLURM_ATTEMPT_DIR: dir },
    DYN_SLURM_RESULTS: filled(argText(step.env.DYN_SLURM_RESULTS ?? '')),
  };
  const code = await new Promise((resolve) => {
    execFile(program, words, { env }, (error) => resolve(error ? error.code : 0));
  });
  expect(code).toBe(0);
  return dir;
}

/** Two runs whose services answered alike. */
async function benched(answer: Parameters<typeof answering>[0]): Promise<Site & { readonly dir: string }> {
  const place = await site();
  const dir = await addBenched(place.root, 'r1-0a1b2c', answer);
  await addBenched(place.root, 'r2-0a1b2c', right);
  return { ...place, dir };
}

const RIGHT = 'gsm8k: 100% right (95% interval 64.6% to 100%), 7 of 7 answers';
const WRONG = 'gsm8k: 28.57% right (95% interval 8.2% to 64.1%), 2 of 7 answers; 3 without a readable answer';

describe('a service that answers right', () => {
  test('is valid wherever it is shown', async () => {
    const { world, out, err } = await benched(right);
    const codes = [];
    for (const argv of [
      ['bench', 'r1-0a1b2c', '--show'],
      ['status', 'r1-0a1b2c'],
      ['compare', 'r1-0a1b2c', 'r2-0a1b2c'],
    ])
      codes.push(await run(argv, '0', world));
    expect(codes).toEqual([0, 0, 0]);
    expect(out()).toContain(`accuracy ${RIGHT}; threshold 90%\n`);
    expect(out()).toContain('bench    1 concurrency, gsm8k 100% right, valid\n');
    expect(out()).toMatch(/^gsm8k +100% +100% +0% +± 0% +smaller than the noise$/m);
    expect(out() + err()).not.toContain('INVALID');
  });
});

describe('a service that answers wrong', () => {
  test('makes its measurements INVALID in every text', async () => {
    const { world, out, err } = await benched(wrong);
    expect(await run(['bench', 'r1-0a1b2c', '--show'], '0', world)).toBe(10);
    expect(out().replaceAll(/^ +\d.*(yes|INVALID)$/gm, '… $1')).toBe(`\
r1-0a1b2c bench: custom 0.13.0
accuracy ${WRONG}; threshold 90%: INVALID
concurrency  tok/s  per GPU  per user  TTFT p50, ms  p99, ms  ITL p50, ms  p99, ms  requests  errors  valid
… INVALID
INVALID
  ${WRONG}, threshold 90%
`);
    expect(await run(['status', 'r1-0a1b2c'], '0', world)).toBe(10);
    expect(out()).toContain(`bench    1 concurrency, gsm8k 28.57% right, INVALID: ${WRONG}, threshold 90%\n`);
    await run(['compare', 'r2-0a1b2c', 'r1-0a1b2c'], '0', world);
    expect(out()).toMatch(/^gsm8k +100% +28\.57% INVALID +-71\.43% +± 34\.15% +▼ worse$/m);
    expect(err()).toMatch(/^omitted: r1-0a1b2c, concurrency \d+: INVALID: gsm8k: 28\.57% right/m);
    expect(out()).not.toContain('tok/s/GPU');
  });

  test('and in all data', async () => {
    const { world, out } = await benched(wrong);
    expect(await run(['bench', 'r1-0a1b2c', '--show', '--json'], '0', world)).toBe(10);
    const reason = `${WRONG}, threshold 90%`;
    expect(JSON.parse(out())).toMatchObject([
      {
        valid: false,
        problems: [{ kind: 'accuracy', reason }],
        accuracy: {
          ...{ suite: 'gsm8k', threshold: 0.9, valid: false, score: 2 / 7, questions: 7, answers: 7 },
          ...{ correct: 2, unanswered: 3, failed: 0, outputTokens: 49 },
        },
        points: [{ valid: false, problems: [{ kind: 'accuracy', reason }] }],
      },
    ]);
    const csv = await benched(wrong);
    await run(['export', 'r1-0a1b2c', '--csv'], '0', csv.world);
    const rows = csv.out().split('\n');
    const figures = rows.filter((row) => /,bench,/.test(row)).map((row) => row.split(',').slice(3).join(','));
    expect(figures.filter((row) => /valid|score|threshold/.test(row))).toEqual([
      expect.stringMatching(/^bench,\d+,valid,0,false$/),
      `bench,,accuracy_score,${2 / 7},false`,
      'bench,,accuracy_threshold,0.9,false',
      'bench,,accuracy_valid,0,false',
    ]);
  });

  test('and in the report', async () => {
    const { dir } = await benched(wrong);
    const host = localHost({ path: [], env: process.env });
    const data = await readRunData(host, await readRun(host, dir));
    const text = page([data], { script: '', style: '' }, new Date(0));
    expect(text).toContain('<span class="badge">INVALID: wrong answers</span>');
    expect(text).toContain(`${WRONG}; threshold 90%: INVALID`);
    expect(text).toContain(`INVALID: ${WRONG}, threshold 90%`);
  });
});

test('answers of mock engines are not judged', async () => {
  const place = await site();
  const dir = await addBenched(place.root, 'r1-0a1b2c', wrong);
  const file = join(dir, 'events.jsonl');
  const events = await readFile(file, 'utf8');
  await writeFile(file, events.replace('"kind":"ready"', '"kind":"ready","engines":"mock"'));
  expect(await run(['bench', 'r1-0a1b2c', '--show'], '0', place.world)).toBe(0);
  expect(place.out()).toContain(
    `accuracy ${WRONG}; not meaningful and not judged: mock engines answer with random text\n`,
  );
  expect(place.out()).toMatch(/\nvalid, MOCK\n$/);
});
