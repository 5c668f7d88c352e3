import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunFolder } from './run-folder.ts';

const SCRIPT = join(import.meta.dirname, '../../../templates/stacks.sh');

let run: RunFolder;
const running: ChildProcess[] = [];
beforeEach(() => {
  run = new RunFolder();
});
afterEach(async () => {
  const ends = running.splice(0).map(async (child) => {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  });
  await Promise.all(ends);
  run.dispose();
});

const NODE = { SLURM_JOB_ID: '991', SLURMD_NODENAME: 'node7' };

/** The script of a step on node7, which runs these lines of bash in a session of its own; the pids that they print. */
async function step(name: string, lines: string): Promise<readonly number[]> {
  const env = { PATH: process.env.PATH, ...NODE, SLURM_JOB_NAME: name };
  const child = spawn('bash', ['-c', lines], { env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  const [text] = await once(child.stdout, 'data');
  return String(text).trim().split(' ').map(Number);
}

function stacks(...args: string[]): Promise<string> {
  const env = { PATH: `${run.bin}:${process.env.PATH}`, ...NODE, SLURM_JOB_NAME: 'stacks' };
  return new Promise((resolve, reject) => {
    execFile('bash', ['-p', SCRIPT, ...args], { env }, (error, out, err) =>
      error || err !== '' ? reject(error ?? new Error(err)) : resolve(out),
    );
  });
}

const stateOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/.*\) (.).*/s, '$1');

/** A program that is titled as an engine titles its scheduler, with no environment of its own. */
const scheduler = `env -i bash -c 'exec -a sglang::scheduler_TP0 sleep 600'`;

test('the stopped process comes first, with its stack by py-spy; other steps and nodes are left out', async () => {
  run.program(
    'py-spy',
    'echo "Thread 7 (idle)"; echo "    recv_requests (scheduler.py:912) of $4"; echo done',
  );
  const [main = 0, child = 0] = await step(
    'decode-0',
    `sleep 500 & main=$!; ${scheduler} & echo $main $!; wait`,
  );
  await step('decode-1', `${scheduler} & echo $!; wait`);
  process.kill(child, 'SIGSTOP');
  await expect.poll(() => stateOf(child)).toBe('T');
  expect(await stacks('decode-0')).toBe(`process node7 ${child} T_(stopped) sglang::scheduler_TP0
process node7 ${main} sleeping sleep
stack node7 ${child} Thread 7 (idle)
stack node7 ${child} recv_requests (scheduler.py:912) of ${child}
stack node7 ${main} Thread 7 (idle)
stack node7 ${main} recv_requests (scheduler.py:912) of ${main}
`);
});

test('a compiler at work is told', async () => {
  const [compiler = 0] = await step(
    'decode-0',
    `cp "$(type -P sleep)" ${run.bin}/nvcc; ${run.bin}/nvcc 600 & echo $!; wait`,
  );
  await expect.poll(() => readFileSync(`/proc/${compiler}/comm`, 'utf8')).toBe('nvcc\n');
  expect(await stacks('decode-0')).toMatch(
    new RegExp(`^process node7 ${compiler} sleeping nvcc\ncompiles node7 nvcc\n`),
  );
});

test('without py-spy the kernel tells where a process is', async () => {
  const [pid = 0] = await step('decode-0', 'sleep 600 & echo $!; wait');
  expect(await stacks('decode-0')).toMatch(
    new RegExp(`^process node7 ${pid} sleeping sleep\n(stack node7 ${pid} .+\n)+$`),
  );
});

test('memory is that of all its processes', async () => {
  await step('decode-0', 'sleep 600 & sleep 600 & echo 1; wait');
  const [, used, free] = /^memory (\d+) (\d+)\n$/.exec(await stacks('decode-0', 'memory')) ?? [];
  expect(Number(used)).toBeGreaterThan(500_000);
  expect(Number(used)).toBeLessThan(100_000_000);
  expect(Number(free)).toBeGreaterThan(0);
});

test('where nothing of the step runs, nothing is told', async () => {
  expect(await stacks('decode-5')).toBe('');
});
