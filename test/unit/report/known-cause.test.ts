import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endingText } from '../../../src/cli/views/verdict-text.ts';
import { localHost } from '../../../src/host/local.ts';
import { page } from '../../../src/report/page.ts';
import { readRunData } from '../../../src/report/read.ts';

const host = localHost({ path: [], env: {} });
const CLOSED =
  'n3:1:2 [0] misc/socket.cc:49 NCCL WARN socketProgress: Connection closed by remote peer n2<57557>';
const OOM = 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.';

/** A run of two nodes whose verdict names the one that lost its peer; the other's log has the cause. */
async function readFailed() {
  const dir = await mkdtemp(join(tmpdir(), 'dyn-slurm-run-'));
  await mkdir(join(dir, 'logs'));
  await writeFile(join(dir, 'logs/decode-0.node2.log'), `${CLOSED}\n`);
  await writeFile(join(dir, 'logs/decode-0.node3.log'), `${OOM}\n`);
  const time = '2026-11-24T09:00:10.000Z';
  const end = { step: 'decode-0', role: 'decode', node: 'node2', rank: 0, exit: 1, line: CLOSED };
  const verdict = { time, kind: 'verdict', outcome: 'failed', reason: 'it failed', seconds: 7, ...end };
  const started = { time, kind: 'job-started', job: '7', attempt: 0, nodes: 2 };
  await writeFile(join(dir, 'events.jsonl'), `${JSON.stringify(started)}\n${JSON.stringify(verdict)}\n`);
  return readRunData(host, { id: 'r-000001', name: 'r', dir });
}

test('the report and the other commands name one cause, and one next step', async () => {
  const data = await readFailed();
  const { verdict } = data.state;
  if (verdict === undefined) throw new Error('the run has no verdict');
  const told = await endingText(verdict, data.run, host);
  const next = /^ {2}next +(.+)$/m.exec(told)?.[1] ?? '';
  const known = /^ {2}known as +(.+)$/m.exec(told)?.[1] ?? '';
  expect({ next, known }).toEqual({
    next: expect.stringContaining('mem-fraction-static'),
    known: 'cuda-out-of-memory: a GPU ran out of memory',
  });
  const text = page([data], { script: '', style: '' }, new Date(0));
  expect(text).toContain(
    `<br>known as ${known}: <code>${OOM}</code><br>next: ${next.replaceAll("'", '&#39;')}`,
  );
});
