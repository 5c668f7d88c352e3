import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { beforeAll, expect, test } from 'vitest';
import { packageRoot, temporaryFolder } from '../world.ts';

const main = join(packageRoot, 'dist/main.js');

beforeAll(() => {
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: packageRoot });
});

function dynSlurm(args: readonly string[], program = main) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: packageRoot,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('what a person can mend is told with its way out', () => {
  expect(dynSlurm(['check', 'none.yaml'])).toEqual({
    status: 2,
    stdout: '',
    stderr: 'none.yaml: the file does not exist\n  hint: the folder configs/ of dyn-slurm has examples\n',
  });
});

test.each([
  [['sumbit'], "error: unknown command 'sumbit'\n(Did you mean submit?)\n"],
  [['plan'], "error: missing required argument 'config'\n"],
  [
    ['check', 'a.yaml', '--provenence'],
    "error: unknown option '--provenence'\n(Did you mean --provenance?)\n",
  ],
  [['check', 'a.yaml', 'b.yaml'], "error: too many arguments for 'check'. Expected 1 argument but got 2.\n"],
])('a wrong use is told: %j', (args, stderr) => {
  expect(dynSlurm(args)).toEqual({ status: 2, stdout: '', stderr });
});

test('anything else is a bug, and keeps its stack', () => {
  const folder = temporaryFolder();
  cpSync(join(packageRoot, 'dist'), join(folder, 'dist'), { recursive: true });
  const { status, stdout, stderr } = dynSlurm(['topologies'], join(folder, 'dist/main.js'));
  expect({ status, stdout }).toEqual({ status: 70, stdout: '' });
  expect(stderr).toMatch(/^Error: ENOENT: [^\n]*package\.json[^\n]*\n {4}at /);
  expect(stderr).toMatch(/\nThis is a bug in dyn-slurm: please report it, with the lines above\.\n$/);
});

test('a reader who has seen enough is no failure', () => {
  const shell = 'set -o pipefail; "$1" "$2" topologies | head -n 1';
  const result = spawnSync('bash', ['-c', shell, 'bash', process.execPath, main], { encoding: 'utf8' });
  expect(result).toMatchObject({ status: 0, stderr: '' });
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s ends a wait with code %d', async (signal, code) => {
  const child = spawn(process.execPath, [main, 'check', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // Node catches INT and TERM itself until the program does; HUP comes last.
  while (!handles(child.pid, 'SIGHUP')) await new Promise((resolve) => setTimeout(resolve, 10));
  child.kill(signal);
  const ended = await new Promise((resolve) => child.on('close', (exit, by) => resolve({ exit, by })));
  expect({ ended, stderr }).toEqual({ ended: { exit: code, by: null }, stderr: '' });
});

/** Whether a process has a handler of its own for a signal; see proc(5), SigCgt. */
function handles(pid: number | undefined, signal: NodeJS.Signals): boolean {
  const mask = /SigCgt:\s+([0-9a-f]+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
}
