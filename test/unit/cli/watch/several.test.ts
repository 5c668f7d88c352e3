import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { watch } from '../../../../src/cli/commands/watch/watch.ts';
import { addRun, recordedEvents, script, site } from '../run-folder.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

const row = (job: string, state: string) => `${job}|${state}|3|1763962970|1763962980|node[1-3]|(null)|None\n`;

test('several runs: a line a change with the run before it, one call of squeue, and how each bad one ended', async () => {
  const { world, root, out, err, stub } = await site({
    squeue: { stdout: row('1', 'RUNNING') + row('2', 'PENDING') },
  });
  const first = await addRun(root, { id: 'r1-0a1b2c', jobId: '1', events: 'served', until: 'ready' });
  const second = await addRun(root, { id: 'longer-0a1b2c', jobId: '2' });
  const served = (await recordedEvents('served')).slice(-2).join('\n');
  const failed = (await recordedEvents('failed-at-start')).join('\n');
  const acted = script(world, [
    ['longer-0a1b2c  job 2 is pending', () => appendFile(join(first, 'events.jsonl'), `${served}\n`)],
    ['r1-0a1b2c      cancelled after', () => appendFile(join(second, 'events.jsonl'), `${failed}\n`)],
  ]);
  expect(await watch(['r1', 'longer'], {}, acted)).toBe(9);
  expect(out().split('\n').slice(-4).join('\n')).toBe(
    `\
05:43:04  longer-0a1b2c  decode-0 on node3 exited with code 1: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB
05:43:04  longer-0a1b2c  tearing down: decode-0 on node3 exited with code 1
05:43:06  longer-0a1b2c  failed after 6.0 s: decode-0 on node3 exited with code 1
`,
  );
  expect(out()).toContain('05:44:13  r1-0a1b2c      cancelled after 1 min 13 s: cancelled\n');
  expect(err()).toMatch(
    /^longer-0a1b2c: failed after 6\.0 s: decode-0 on node3 exited with code 1\n {2}process /,
  );
  expect(await stub.calls()).toEqual([expect.stringMatching(/--jobs=(1,2|2,1)$/)]);
});

test('a terminal shows them in a table below the lines', async () => {
  const { world, root, out } = await site({
    squeue: { stdout: row('2', 'PENDING').replace('None', 'Priority') },
  });
  await addRun(root, { id: 'r1-0a1b2c', jobId: '1', events: 'served' });
  const second = await addRun(root, { id: 'longer-0a1b2c', jobId: '2' });
  const failed = (await recordedEvents('failed-at-start')).join('\n');
  const acted = script({ ...world, isTTY: true, color: true, rows: 30 }, [
    ['queued: Priority', () => appendFile(join(second, 'events.jsonl'), `${failed}\n`)],
  ]);
  expect(await watch(['r1', 'longer'], {}, acted)).toBe(9);
  const shown = stripVTControlCharacters(out());
  expect(shown).toContain('longer-0a1b2c  queued: Priority  2m10s      0/2\n');
  expect(shown.split('\n').slice(-5).join('\n')).toBe(`\
run            state      for  workers  running  out/s  TTFT p50  ITL p50
r1-0a1b2c      cancelled
longer-0a1b2c  failed
0 of 2 serving, 0 tok/s out together
`);
  expect(shown).toContain('longer-0a1b2c  failed after 6.0 s: decode-0 on node3 exited with code 1\n');
});

test('--json names the run of each event', async () => {
  const { world, root, out } = await site();
  await addRun(root, { id: 'r1-0a1b2c', jobId: '1', events: 'time-limit' });
  await addRun(root, { id: 'r2-0a1b2c', jobId: '2', events: 'served' });
  expect(await watch(['r1', 'r2'], { json: true }, world)).toBe(9);
  const lines = out()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const expected = async (name: string, run: string) =>
    (await recordedEvents(name)).map((line) => ({ run, ...JSON.parse(line) }));
  expect(lines.filter(({ run }) => run === 'r1-0a1b2c')).toEqual(await expected('time-limit', 'r1-0a1b2c'));
  expect(lines.filter(({ run }) => run === 'r2-0a1b2c')).toEqual(await expected('served', 'r2-0a1b2c'));
});

test('an interrupt leaves all jobs alone', async () => {
  const { world, root, err, interrupt } = await site({
    squeue: { stdout: row('1', 'RUNNING') + row('2', 'RUNNING') },
  });
  await addRun(root, { id: 'r1-0a1b2c', jobId: '1' });
  await addRun(root, { id: 'r2-0a1b2c', jobId: '2' });
  const acted = script(world, [['r2-0a1b2c  job 2 runs on 3 nodes', () => interrupt.abort('SIGINT')]]);
  expect(await watch(['r1', 'r2'], {}, acted)).toBe(130);
  expect(err()).toBe(
    `
stopped watching; jobs 1, 2 keep running
  watch again:  dyn-slurm watch r1-0a1b2c r2-0a1b2c
  end the jobs:  dyn-slurm cancel RUN, or scancel 1 2
`,
  );
});
