import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { logs } from '../../../src/cli/logs.ts';
import { addRun, recordedEvents, script, site } from './run-folder.ts';

const RUN = 'r1-0a1b2c';
const LOGS = {
  'job.log': 'slurmstepd: hello\n',
  'logs/etcd.node1.log': 'serving\n',
  'logs/prefill-0.node1.log': 'loading\nloaded\nready\n',
  'logs/decode-0.node2.log': 'rank 0\n',
  'logs/decode-0.node3.log': 'rank 1',
};

async function run(facts: Partial<Parameters<typeof addRun>[1]> = {}) {
  const place = await site();
  const dir = await addRun(place.root, { id: RUN, jobId: '4242', events: 'served', logs: LOGS, ...facts });
  return { ...place, dir };
}

describe('which', () => {
  test('all steps, in launch order', async () => {
    const { world, out } = await run();
    expect(await logs({}, {}, world)).toBe(0);
    expect(out()).toBe(
      `\
etcd@node1      │ serving
prefill-0@node1 │ loading
prefill-0@node1 │ loaded
prefill-0@node1 │ ready
decode-0@node2  │ rank 0
decode-0@node3  │ rank 1
`,
    );
  });

  const DECODE = 'decode-0@node2 │ rank 0\ndecode-0@node3 │ rank 1\n';
  test.each([
    ['a run and a step', { first: RUN, second: 'decode-0' }, DECODE],
    ['a step and a run', { first: 'decode-0', second: RUN }, DECODE],
    ['a step of the newest run', { first: 'decode-0' }, DECODE],
    ['all of a role', { first: 'decode' }, DECODE],
    ['a step of a job number', { first: '4242', second: 'etcd' }, 'etcd@node1 │ serving\n'],
    ['the batch script', { first: 'job' }, 'job │ slurmstepd: hello\n'],
  ])('%s', async (_, query, text) => {
    const { world, out } = await run();
    expect(await logs(query, {}, world)).toBe(0);
    expect(out()).toBe(text);
  });

  test('a word that is both a run and a step is refused', async () => {
    const { world, root } = await run();
    await addRun(root, { id: 'decode-0-ffffff', jobId: '1', submitted: '2025-11-24T01:00:00.000Z' });
    await expect(logs({ first: 'decode-0' }, {}, world)).rejects.toMatchObject({
      code: 'usage',
      message: 'decode-0 is a step of the newest run, and the beginning of run decode-0-ffffff',
      hint: 'write `logs r1-0a1b2c decode-0`, or `logs decode-0-ffffff`',
    });
  });

  test.each([
    [{ first: 'encode-0' }, 'encode-0 is neither a run nor a step of the newest run, r1-0a1b2c'],
    [{ first: RUN, second: 'encode-0' }, 'run r1-0a1b2c has no step encode-0'],
    [{ first: 'r2', second: 'etcd' }, 'there is no run r2'],
  ])('%j', async (query, message) => {
    const { world } = await run();
    await expect(logs(query, {}, world)).rejects.toMatchObject({ code: 'usage', message });
  });

  test('a step that has not begun', async () => {
    const { world } = await run({ logs: {} });
    await expect(logs({ first: 'prefill-0' }, {}, world)).rejects.toMatchObject({
      message: 'run r1-0a1b2c has no log of prefill-0 yet',
    });
  });

  test('a job that began no step shows what its script said', async () => {
    const { world, out } = await run({ logs: { 'job.log': 'srun: error: no nodes\n' } });
    expect(await logs({}, {}, world)).toBe(0);
    expect(out()).toBe('job │ srun: error: no nodes\n');
  });
});

test('the last lines of each', async () => {
  const { world, out } = await run();
  await logs({ first: RUN }, { lines: 1 }, world);
  expect(out()).toBe(
    `\
etcd@node1      │ serving
prefill-0@node1 │ ready
decode-0@node2  │ rank 0
decode-0@node3  │ rank 1
`,
  );
});

test('labels have a colour on a terminal; the lines have none of their own', async () => {
  const { world, out } = await run({
    logs: { 'logs/etcd.node1.log': '\u001b[31mred\u001b[0m \u001b]0;x\u0007bell\u0007\n' },
  });
  await logs({}, {}, { ...world, color: true });
  expect(out()).toBe('\u001b[33metcd@node1\u001b[39m │ red bell·\n');
});

test('a progress bar shows its last state', async () => {
  const { world, out } = await run({ logs: { 'logs/etcd.node1.log': '10%\r50%\r100%\r\nok\r\n' } });
  await logs({}, {}, world);
  expect(out()).toBe('etcd@node1 │ 100%\netcd@node1 │ ok\n');
});

describe('following', () => {
  const running = { stdout: `4242|RUNNING|3|1763962970|1763962980|node[1-3]|dyn-slurm:${RUN}|None\n` };

  test('a run that has ended ends at once', async () => {
    const { world, out } = await run();
    expect(await logs({ first: 'etcd' }, { follow: true }, world)).toBe(0);
    expect(out()).toBe('etcd@node1 │ serving\n');
  });

  test('growth, new logs, a log that vanishes, until the verdict', async () => {
    const { world, root, out } = await site({ squeue: running });
    const dir = await addRun(root, { id: RUN, jobId: '4242', logs: { 'logs/etcd.node1.log': 'serving\n' } });
    const log = (name: string) => join(dir, 'logs', name);
    const events = `${(await recordedEvents('served')).join('\n')}\n`;
    const acted = script(world, [['serving', () => writeFile(log('decode-0.node2.log'), 'half a li')]]);
    const later = script(acted, [
      ['serving', () => appendFile(log('etcd.node1.log'), 'compacted\n')],
      [
        'compacted',
        async () => {
          await appendFile(log('decode-0.node2.log'), 'ne\nlast words');
          await rm(log('etcd.node1.log'));
        },
      ],
      ['half a line', () => appendFile(join(dir, 'events.jsonl'), events)],
    ]);
    expect(await logs({}, { follow: true }, later)).toBe(0);
    expect(out().replaceAll(/ +│/g, ' │').split('\n').sort()).toEqual([
      '',
      'decode-0@node2 │ half a line',
      'decode-0@node2 │ last words',
      'etcd@node1 │ compacted',
      'etcd@node1 │ serving',
    ]);
  });

  test('an interrupt', async () => {
    const { world, root, interrupt } = await site({ squeue: running });
    const dir = await addRun(root, { id: RUN, jobId: '4242' });
    await mkdir(join(dir, 'logs'), { recursive: true });
    setTimeout(() => interrupt.abort('SIGINT'), 100);
    expect(await logs({ first: RUN }, { follow: true }, world)).toBe(130);
  });
});
