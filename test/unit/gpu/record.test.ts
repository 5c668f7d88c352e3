import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageRoot } from '../../world.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dyn-slurm-record-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function bundle(...words: readonly string[]): void {
  const script =
    "import { bundleProgram } from './scripts/bundle-program.mjs'; await bundleProgram(...process.argv.slice(1))";
  execFileSync(process.execPath, ['--input-type=module', '-e', script, ...words], { cwd: packageRoot });
}

test('a run is kept without its secrets, its services, this machine, and what was kept before', async () => {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('work/runs/x/config.yaml', `model: { path: ${folder}/work/models/dense }\n`);
  write('work/runs/x/events.jsonl', `{"file":"${homedir()}/.cache/x"}\n`);
  write('work/runs/x/env/aggregated-0.env', 'HF_TOKEN=secret\n');
  write('work/runs/x/logs/etcd.node0.log', 'etcd\n');
  write('work/runs/x/logs/aggregated-0.stacks', `stack ${folder}/venv/lib/x.py\n`);
  const infos = Array.from({ length: 20 }, (_, at) => `2026-11-30T11:00:00Z  INFO x: step ${at}\n`);
  write('work/runs/x/logs/aggregated-0.node0.log', infos.join(''));
  write('kept/part/logs/old.node0.log', 'old\n');

  const program = join(folder, 'record.mjs');
  bundle('test/gpu/record.ts', program);
  copyFileSync(join(packageRoot, 'test/recorded/shorten.mjs'), join(folder, 'shorten.mjs'));
  const { recordRun } = await import(pathToFileURL(program).href);
  const settings = { work: join(folder, 'work'), python: join(folder, 'venv/bin/python'), package: '/pkg' };
  recordRun('part', join(folder, 'work/runs/x'), settings, join(folder, 'kept'));

  const kept = join(folder, 'kept/part');
  const files = readdirSync(kept, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const texts = files.map((file) => [file.name, readFileSync(join(file.parentPath, file.name), 'utf8')]);
  expect(Object.fromEntries(texts)).toEqual({
    'config.yaml': 'model: { path: /work/models/dense }\n',
    'events.jsonl': '{"file":"/home/user/.cache/x"}\n',
    'aggregated-0.stacks': 'stack /opt/venv/lib/x.py\n',
    'aggregated-0.node0.log': [0, 1, 2, 3, 18, 19].map((at) => infos[at]).join(''),
  });
});
