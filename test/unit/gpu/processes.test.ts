import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { processesOf, startOfProcess } from '../../processes.ts';

let folder: string;
const groups: number[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dyn-slurm-processes-'));
});
afterEach(() => {
  for (const group of groups.splice(0)) process.kill(-group, 'SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A program that has neither its words nor its environment left, as an engine's process that has set its title. */
const RENAMED = `env -i bash -c 'exec -a sglang::scheduler sleep 600'`;

/** Runs bash in a session of its own; the folder stands in the environment as NAME, or the output goes to a file of it. */
function start(script: string, how: { readonly env?: boolean; readonly log?: boolean }): ChildProcess {
  const out = how.log ? openSync(join(folder, 'worker.log'), 'a') : 'ignore';
  const child = spawn('bash', ['-c', script], {
    detached: true,
    stdio: ['ignore', out, out],
    env: { PATH: process.env.PATH, ...(how.env && { RUN: folder }) },
  });
  if (typeof out === 'number') closeSync(out);
  groups.push(child.pid as number);
  return child;
}

const seen = () => processesOf(folder).map((line) => line.replace(/^\d+ /, ''));

test('a process that hides its words and its environment is found by where it came from', async () => {
  start(`${RENAMED} & exec sleep 601`, { env: true });
  await expect.poll(seen).toEqual(expect.arrayContaining(['sleep 601', 'sglang::scheduler 600']));
});

test('and, when its parents have ended, by the log that it has open', async () => {
  const parent = start(`(${RENAMED} &) ; exec sleep 601`, { env: true, log: true });
  await expect.poll(seen).toEqual(expect.arrayContaining(['sleep 601', 'sglang::scheduler 600']));
  parent.kill('SIGKILL');
  await expect.poll(seen).toEqual(['sglang::scheduler 600']);
});

test('others are not among them', async () => {
  const child = start('exec sleep 602', {});
  await expect.poll(() => processesOf('/').join('\n')).toMatch(`${child.pid} sleep 602`);
  expect(seen()).toEqual([]);
});

test('the start of a process, by the clock', () => {
  const before = Date.now();
  const child = start('exec sleep 603', {});
  const after = Date.now();
  const at = startOfProcess(child.pid as number);
  expect(at).toBeGreaterThanOrEqual(before - 50);
  expect(at).toBeLessThanOrEqual(after + 50);
});
