import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { localHost } from '../../../src/host/local.ts';
import { listLogs, tailOffset } from '../../../src/observe/log-file.ts';

const host = localHost({ path: [], env: {} });

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dyn-slurm-test-'));
});

test("logs come in launch order, the batch script's first; hosts may have dots", async () => {
  await mkdir(join(dir, 'logs'));
  const names = ['decode-0.node2.log', 'etcd.node1.log', 'prefill-0.node3.example.org.log', 'stray.txt'];
  for (const name of names) await writeFile(join(dir, 'logs', name), '');
  const outline = {
    steps: ['etcd', 'prefill-0', 'decode-0'].map((name) => ({ name, kind: 'worker' as const, role: null })),
  };
  expect((await listLogs(host, { dir }, outline)).map(({ step, node }) => `${step}@${node}`)).toEqual([
    'job@',
    'etcd@node1',
    'prefill-0@node3.example.org',
    'decode-0@node2',
  ]);
});

test("a run without logs has the batch script's only", async () => {
  expect(await listLogs(host, { dir }, undefined)).toEqual([
    { step: 'job', node: '', path: join(dir, 'job.log') },
  ]);
});

test.each([
  ['a\nb\nc\n', 2, 'b\nc\n'],
  ['a\nb\nc', 2, 'b\nc'],
  ['a\nb\n', 5, 'a\nb\n'],
  ['a\n\n\n', 2, '\n\n'],
  ['', 3, ''],
  [`${'x'.repeat(200_000)}\ny\n`, 2, `${'x'.repeat(200_000)}\ny\n`],
  [`z\n${'x'.repeat(70_000)}\ny\n`, 2, `${'x'.repeat(70_000)}\ny\n`],
])('the last lines of %j', async (text, lines, last) => {
  const path = join(dir, 'log');
  await writeFile(path, text);
  expect(text.slice(await tailOffset(host, path, lines))).toBe(last);
});
