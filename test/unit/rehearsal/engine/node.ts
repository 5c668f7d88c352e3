import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { onTestFinished } from 'vitest';
import { packageRoot, temporaryFolder } from '../../../world.ts';

/** A rehearsed node whose Python has a `dynamo.mocker` that says how it was called and waits to be told to end. */
export interface Node {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface Called {
  readonly pid: number;
  readonly argv: readonly string[];
  readonly namespace: string | null;
  readonly offline: string | null;
}

const MOCKER = `
import json, os, signal, sys
say = {'pid': os.getpid(), 'argv': sys.argv[1:], 'namespace': os.environ.get('DYN_NAMESPACE'), 'offline': os.environ.get('HF_HUB_OFFLINE')}
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print(json.dumps(say), flush=True)
if not os.environ.get('TEST_RETURNS'):
    signal.pause()
`;

export const nodeBin = join(packageRoot, 'rehearsal/node-bin');

export function makeNode(address: string): Node {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'dynamo/mocker'), { recursive: true });
  mkdirSync(join(folder, 'venv/bin'), { recursive: true });
  writeFileSync(join(folder, 'dynamo/mocker/__main__.py'), MOCKER);
  writeFileSync(join(folder, 'script.py'), `print('a script')\n`);
  symlinkSync(systemPython(), join(folder, 'venv/bin/python'));
  const PATH = `${nodeBin}:${process.env.PATH}`;
  return { folder, env: { PATH, DYN_SLURM_TOOLS: folder, DYN_SLURM_NODE_ADDR: address } };
}

/** Of a shim such as pyenv's, the interpreter behind it. */
function systemPython(): string {
  const found = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
  return found.stdout.trim();
}

/** Runs python3 on the node to its end; the mocker returns at once. */
export function python(
  node: Node,
  argv: readonly string[],
): { status: number | null; stdout: string; stderr: string } {
  const env = { ...node.env, TEST_RETURNS: '1' };
  const { status, stdout, stderr } = spawnSync('python3', argv, { cwd: node.folder, env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Starts python3 on the node; it is killed when the test ends. */
export function start(node: Node, argv: readonly string[]): ChildProcess {
  const child = spawn('python3', argv, {
    cwd: node.folder,
    env: node.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}
