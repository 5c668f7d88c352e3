import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Stage } from './rehearsal.ts';

// What reads our output goes away, or was never there.

const ROOT = join(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'dist/main.js');
const CONFIG = join(ROOT, 'test/fixtures/rehearsal/disaggregated.yaml');

const stage = new Stage();
afterEach((context) => stage.settle(context));
afterAll(() => stage.dispose());

/** Runs a line of bash in which `dyn-slurm` is ours, and $1 and so on are `args`; how it ended, and what it printed. */
async function bash(
  line: string,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const own = `set -o pipefail; dyn-slurm() { "$NODE" "$MAIN" "$@"; }; ${line}`;
  const env = { ...process.env, DYN_SLURM_RUNS: stage.runs, NO_COLOR: '1', NODE: process.execPath, MAIN };
  const child = spawn('bash', ['-c', own, 'bash', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { code, stdout, stderr };
}

const GONE = 141;
/** Of an error that nobody has thought of. */
const STACK = /\n {4}at |This is a bug|Unhandled|EPIPE|EBADF/;

test.each([
  ['stdout', 'dyn-slurm rehearse "$1" --keep | head -n 1'],
  ['stdout of --json', 'dyn-slurm rehearse "$1" --keep --json | head -n 1'],
  ['both', 'dyn-slurm rehearse "$1" --keep 2>&1 | head -n 1'],
])('a rehearsal whose reader of %s leaves takes its job down', async (_, line) => {
  const ended = await bash(line, CONFIG);
  expect(ended).toMatchObject({ code: GONE, stderr: expect.not.stringMatching(STACK) });
  expect(ended.stdout).not.toMatch(STACK);
});

// Node puts /dev/null in the place of what is closed from the beginning: there is nobody who leaves.
test.each([
  ['stdout', 'dyn-slurm rehearse "$1" >&-'],
  ['stderr', 'dyn-slurm rehearse "$1" 2>&-'],
  ['both, and stdin', 'dyn-slurm rehearse "$1" >&- 2>&- <&-'],
])('a rehearsal without %s does what it is for', async (_, line) => {
  const ended = await bash(line, CONFIG);
  expect(ended).toMatchObject({ code: 0, stderr: expect.not.stringMatching(STACK) });
  expect(ended.stdout).not.toMatch(STACK);
});

test.each([[[]], [['--json']]])(
  'a watch whose reader leaves in the midst of it lets the job go on: %j',
  async (options) => {
    const before = new Set(readdirSync(stage.runs));
    const rehearsal = stage.start('rehearse', CONFIG, '--keep', '--json');
    await rehearsal.line(/"kind":"job-started"/);
    const id = readdirSync(stage.runs).find((name) => !before.has(name) && name.startsWith('disaggregated-'));
    const env = { ...process.env, DYN_SLURM_RUNS: stage.runs, NO_COLOR: '1' };
    const watch = spawn(process.execPath, [MAIN, 'watch', id ?? '', '--cluster', 'local', ...options], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = text(watch.stderr);
    const closed = once(watch, 'close');
    await once(watch.stdout, 'data');
    watch.stdout.destroy();
    const [code] = (await closed) as [number];
    expect({ code, stderr: await said }).toEqual({ code: GONE, stderr: expect.not.stringMatching(STACK) });
    await rehearsal.line(/"kind":"ready"/);
    rehearsal.interrupt();
    expect(await rehearsal.ended).toMatchObject({ code: 130 });
  },
);
