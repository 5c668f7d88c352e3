import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { localHost } from '../../../src/host/local.ts';
import { removeLeftSecrets } from '../../../src/observe/left-secrets.ts';

const SECRET = [
  'env/prefill-0.secrets',
  'state/credentials',
  'state/etcd.lock',
  'attempts/2/state/credentials',
];
const KEPT = ['env/prefill-0.env', 'state/etcd.0.exit', 'attempts/2/state/bound'];

test('what a killed job has left of its secrets goes, and nothing else; without any it is well too', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'dyn-slurm-left-'));
  const host = localHost({ path: [], env: { PATH: process.env.PATH ?? '' } });
  await removeLeftSecrets(host, dir);
  for (const folder of ['env', 'state', 'attempts/2/state'])
    mkdirSync(join(dir, folder), { recursive: true });
  for (const name of [...SECRET, ...KEPT]) writeFileSync(join(dir, name), 'x');
  await removeLeftSecrets(host, dir);
  expect([...SECRET, ...KEPT].filter((name) => existsSync(join(dir, name)))).toEqual(KEPT);
  rmSync(dir, { recursive: true });
});
