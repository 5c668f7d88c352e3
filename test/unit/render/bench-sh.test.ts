import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SCRIPT = join(import.meta.dirname, '../../../templates/bench.sh');

let run: string;
const results = () => join(run, 'results/bench');

beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'dyn-slurm-bench-sh-'));
  mkdirSync(results(), { recursive: true });
  mkdirSync(join(run, 'state'));
  // As on a cluster; the script itself may lie elsewhere.
  mkdirSync(join(run, 'runtime'));
  copyFileSync(join(SCRIPT, '../environment.sh'), join(run, 'runtime/environment.sh'));
});
afterEach(() => rmSync(run, { recursive: true }));

const env = () => ({
  PATH: process.env.PATH,
  DYN_SLURM_RUN_DIR: run,
  DYN_SLURM_ATTEMPT_DIR: run,
  DYN_SLURM_RESULTS: results(),
});

/** Commands as `KIND INDEX CONCURRENCY FOLDER LIMIT LINE`; the line is bash's, and TERM ends it. */
function argv(commands: readonly string[]): readonly string[] {
  const blocks = commands.flatMap((text) => {
    const [kind = '', index = '', concurrency = '', folder = '', limit = '', ...line] = text.split(' ');
    return [':::', kind, index, concurrency, folder, limit, 'TERM', 'bash', '-c', line.join(' ')];
  });
  return [SCRIPT, '3', ...blocks];
}

function bench(...commands: readonly string[]): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve) => {
    execFile('bash', argv(commands), { env: env() }, (error, stdout) =>
      resolve({ code: error ? Number(error.code) : 0, stdout }),
    );
  });
}

/** What FOLDER/point says, without its times. */
function point(folder: string): string {
  const text = readFileSync(join(results(), folder, 'point'), 'utf8');
  return text
    .replaceAll(/\d{13}/g, 'T')
    .trim()
    .replaceAll('\n', ', ');
}

/** What lib.sh reads, without seconds. */
const told = () =>
  readFileSync(join(run, 'state/bench.points'), 'utf8').replaceAll(/ \d+$/gm, ' S').split('\n').slice(0, -1);

const OUT = 'echo $0 >"$DYN_SLURM_RESULTS"';

test('runs one measurement after the other, with what warms up before', async () => {
  const { code, stdout } = await bench(
    'warm-up 1 4 c4 0 echo warm',
    `point 1 4 c4 0 ${OUT}/c4/result.json; echo four`,
    'point 2 8 c8 0 echo eight',
  );
  expect(code).toBe(0);
  expect(stdout.replaceAll(/after \d+ s/g, 'after S')).toBe(`\
== warming up for benchmark 1 of 3, concurrency 4
warm
== benchmark 1 of 3, concurrency 4
four
== benchmark 1 of 3, concurrency 4: ended after S, exit 0
== benchmark 2 of 3, concurrency 8
eight
== benchmark 2 of 3, concurrency 8: ended after S, exit 0
`);
  expect(point('c4')).toBe('started T, ended T, status 0, how itself');
  expect(told()).toEqual([
    'begun bench 1 3 4 - -',
    'ended bench 1 3 4 0 S',
    'begun bench 2 3 8 - -',
    'ended bench 2 3 8 0 S',
  ]);
});

test('ends with a tool that fails', async () => {
  expect(await bench('point 1 4 c4 0 exit 3', 'point 2 8 c8 0 true')).toMatchObject({ code: 3 });
  expect(point('c4')).toBe('started T, ended T, status 3, how itself');
  expect(told()).toEqual(['begun bench 1 3 4 - -', 'ended bench 1 3 4 3 S']);
});

test('ends with a warm-up that fails', async () => {
  expect(await bench('warm-up 1 4 c4 0 exit 5', 'point 1 4 c4 0 true')).toMatchObject({ code: 5 });
});

test('goes on after one that is not through at its time limit, which writes what it has', async () => {
  const late = `point 1 4 c4 1 trap '${OUT}/c4/part; exit 0' TERM; while :; do sleep 0.1; done`;
  expect(await bench(late, 'point 2 8 c8 0 true')).toMatchObject({ code: 0 });
  expect(point('c4')).toBe('started T, ended T, status 0, how late');
  expect(readFileSync(join(results(), 'c4/part'), 'utf8')).toBe('bash\n');
  expect(point('c8')).toBe('started T, ended T, status 0, how itself');
});

test('passes the word to end on, and notes what was cut off', async () => {
  const child = spawn(
    'bash',
    argv(['point 1 4 c4 0 touch "$DYN_SLURM_RUN_DIR/running"; exec sleep 600', 'point 2 8 c8 0 true']),
    {
      env: env(),
      stdio: 'ignore',
    },
  );
  while (!existsSync(join(run, 'running'))) await sleep(20);
  child.kill('SIGTERM');
  const [code] = await once(child, 'close');
  expect(code).toBe(143);
  expect(point('c4')).toBe('started T, ended T, status 143, how told');
  expect(told()).toEqual(['begun bench 1 3 4 - -', 'ended bench 1 3 4 143 S']);
});

test('leaves out what is whole already, of an earlier attempt too, and keeps what was cut off', async () => {
  const note = (folder: string, text: string) => {
    mkdirSync(join(run, folder), { recursive: true });
    writeFileSync(join(run, folder, 'point'), text);
  };
  note('attempts/1/results/bench/c4', 'started 1\nended 2\nstatus 0\nhow itself\n');
  note('results/bench/c8', 'started 1\nended 2\nstatus 143\nhow told\n');
  const { code, stdout } = await bench(
    'warm-up 1 4 c4 0 echo warm',
    'point 1 4 c4 0 echo four',
    'point 2 8 c8 0 echo eight',
  );
  expect(code).toBe(0);
  expect(stdout).toContain('== benchmark 1 of 3, concurrency 4: already measured\n== benchmark 2 of 3');
  expect(stdout).not.toContain('warm');
  expect(told()[0]).toBe('skipped bench 1 3 4 - -');
  expect(point('c8')).toBe('started T, ended T, status 0, how itself');
  const { stdout: kept } = await new Promise<{ stdout: string }>((resolve) => {
    execFile('bash', ['-c', `cat ${results()}/cut-off-c8-*/point`], (_, out) => resolve({ stdout: out }));
  });
  expect(kept).toBe('started 1\nended 2\nstatus 143\nhow told\n');
});
