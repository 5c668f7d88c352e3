import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type LogsOptions, logs } from '../../../../src/cli/commands/logs/logs.ts';
import { addRun, recordedEvents, script, site } from '../run-folder.ts';

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
    expect(await logs(undefined, undefined, {}, world)).toBe(0);
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
  test.each<[string, { first: string; second?: string }, string]>([
    ['a run and a step', { first: RUN, second: 'decode-0' }, DECODE],
    ['a step and a run', { first: 'decode-0', second: RUN }, DECODE],
    ['a step of the newest run', { first: 'decode-0' }, DECODE],
    ['all of a role', { first: 'decode' }, DECODE],
    ['a step of a job number', { first: '4242', second: 'etcd' }, 'etcd@node1 │ serving\n'],
    ['the batch script', { first: 'job' }, 'job │ slurmstepd: hello\n'],
  ])('%s', async (_, query, text) => {
    const { world, out } = await run();
    expect(await logs(query.first, query.second, {}, world)).toBe(0);
    expect(out()).toBe(text);
  });

  test('a word that is both a run and a step is refused', async () => {
    const { world, root } = await run();
    await addRun(root, {
      id: 'decode-0-ffffff',
      jobId: '1',
      submitted: '2025-11-24T01:00:00.000Z',
      events: 'served',
    });
    await expect(logs('decode-0', undefined, {}, world)).rejects.toMatchObject({
      code: 'usage',
      message: 'decode-0 is both a step of the newest run and the start of run id decode-0-ffffff',
      hint: 'write `logs r1-0a1b2c decode-0`, or `logs decode-0-ffffff`',
    });
  });

  test.each<[{ first: string; second?: string }, string]>([
    [{ first: 'encode-0' }, 'encode-0 is neither a run nor a step of the newest run, r1-0a1b2c'],
    [{ first: RUN, second: 'encode-0' }, 'run r1-0a1b2c has no step encode-0'],
    [{ first: 'r2', second: 'etcd' }, 'there is no run r2'],
  ])('%j', async (query, message) => {
    const { world } = await run();
    await expect(logs(query.first, query.second, {}, world)).rejects.toMatchObject({
      code: 'usage',
      message,
    });
  });

  test('a step that has not begun', async () => {
    const { world } = await run({ logs: {} });
    await expect(logs('prefill-0', undefined, {}, world)).rejects.toMatchObject({
      message: 'run r1-0a1b2c has no log of prefill-0 yet',
    });
  });

  test('a job that began no step shows what its script said', async () => {
    const { world, out } = await run({ logs: { 'job.log': 'srun: error: no nodes\n' } });
    expect(await logs(undefined, undefined, {}, world)).toBe(0);
    expect(out()).toBe('job │ srun: error: no nodes\n');
  });
});

test('the last lines of each', async () => {
  const { world, out } = await run();
  await logs(RUN, undefined, { lines: 1 }, world);
  expect(out()).toBe(
    `\
etcd@node1      │ serving
prefill-0@node1 │ ready
decode-0@node2  │ rank 0
decode-0@node3  │ rank 1
`,
  );
});

test('labels have a color on a terminal; the lines have none of their own', async () => {
  const { world, out } = await run({
    logs: { 'logs/etcd.node1.log': '\u001b[31mred\u001b[0m \u001b]0;x\u0007bell\u0007\n' },
  });
  await logs(undefined, undefined, {}, { ...world, color: true });
  expect(out()).toBe('\u001b[33metcd@node1\u001b[39m │ red bell·\n');
});

test('a progress bar shows its last state', async () => {
  const { world, out } = await run({ logs: { 'logs/etcd.node1.log': '10%\r50%\r100%\r\nok\r\n' } });
  await logs(undefined, undefined, {}, world);
  expect(out()).toBe('etcd@node1 │ 100%\netcd@node1 │ ok\n');
});

describe('filters', () => {
  beforeAll(() => {
    process.env.TZ = 'UTC';
  });

  const BATCH = '[2025-11-24 05:44:00 DP0 TP0] Decode batch, #running-req: 1';
  const logs_ = {
    'logs/frontend-0.node1.log': '2025-11-24T05:30:00.000001Z  INFO http: Started\nno stamp [x]\n',
    'logs/prefill-0.node1.example.org.log': `hello\n[2025-11-24 05:20:00 TP0] old\n  old too\n${BATCH}\n  Error in it\n`,
    'logs/decode-0.node2.log': `[2025-11-24 05:44:30 DP1 TP1] ERROR: x.y*z\n`,
  };
  const filtered = async (options: LogsOptions, query: { first?: string; second?: string } = {}) => {
    const { world, out } = await run({ logs: logs_ });
    expect(await logs(query.first, query.second, options, world)).toBe(0);
    return out().replaceAll(/ +│/g, ' │');
  };

  test.each<[string, LogsOptions, string]>([
    ['a role', { role: 'decode' }, 'decode-0@node2 │ [2025-11-24 05:44:30 DP1 TP1] ERROR: x.y*z\n'],
    [
      'a node, without its domain',
      { node: 'node1', grep: 'hello|Started' },
      'frontend-0@node1 │ 2025-11-24T05:30:00.000001Z  INFO http: Started\nprefill-0@node1.example.org │ hello\n',
    ],
    [
      'small letters match any',
      { grep: 'error' },
      'prefill-0@node1.example.org │   Error in it\ndecode-0@node2 │ [2025-11-24 05:44:30 DP1 TP1] ERROR: x.y*z\n',
    ],
    ['capitals match only themselves', { grep: 'Error' }, 'prefill-0@node1.example.org │   Error in it\n'],
    [
      'an expression',
      { grep: String.raw`x\.y\*` },
      'decode-0@node2 │ [2025-11-24 05:44:30 DP1 TP1] ERROR: x.y*z\n',
    ],
    [
      'two minutes; a line without a time does as the one before',
      { since: '2m', role: 'prefill' },
      `prefill-0@node1.example.org │ ${BATCH}\nprefill-0@node1.example.org │   Error in it\n`,
    ],
    [
      'a time of the day',
      { since: '05:29' },
      `frontend-0@node1 │ 2025-11-24T05:30:00.000001Z  INFO http: Started\nfrontend-0@node1 │ no stamp [x]\nprefill-0@node1.example.org │ hello\nprefill-0@node1.example.org │ ${BATCH}\nprefill-0@node1.example.org │   Error in it\ndecode-0@node2 │ [2025-11-24 05:44:30 DP1 TP1] ERROR: x.y*z\n`,
    ],
    ['nothing that fits', { since: '2025-11-24T05:44:40Z' }, ''],
    [
      'the last of those that match, of each log',
      { grep: 'o', lines: 1, node: 'node1' },
      'frontend-0@node1 │ no stamp [x]\nprefill-0@node1.example.org │   Error in it\n',
    ],
  ])('%s', async (_, options, text) => {
    expect(await filtered(options)).toBe(text);
  });

  test('as data', async () => {
    const lines = (await filtered({ json: true, node: 'node1' }, { second: 'prefill', first: RUN }))
      .trim()
      .split('\n');
    const place = { step: 'prefill-0', node: 'node1.example.org' };
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { ...place, line: 'hello' },
      { ...place, line: '[2025-11-24 05:20:00 TP0] old', time: '2025-11-24T05:20:00.000' },
      { ...place, line: '  old too' },
      { ...place, line: BATCH, time: '2025-11-24T05:44:00.000' },
      { ...place, line: '  Error in it' },
    ]);
  });

  test.each<[LogsOptions, string, string]>([
    [
      { grep: '(a|b' },
      "--grep: '(a|b' is not a valid regular expression (unterminated group)",
      String.raw`to search for the text itself, write '\(a\|b'`,
    ],
    [{ since: 'yesterday' }, "--since: cannot parse 'yesterday' as a time", ''],
    [{ role: 'encode' }, 'the run has no workers of role encode', 'its roles are prefill, decode'],
    [{ node: 'node' }, 'the run has no log from node node', 'its nodes are node1, node1.example.org, node2'],
  ])('%j is refused', async (options, message, hint) => {
    const { world } = await run({ logs: logs_ });
    await expect(logs(undefined, undefined, options, world)).rejects.toMatchObject({
      code: 'usage',
      message,
      hint: expect.stringContaining(hint),
    });
  });
});

test('NUL, broken UTF-8, and a line that is too long come in bounded pieces', async () => {
  const { world, out, dir } = await run({ logs: {} });
  await mkdir(join(dir, 'logs'), { recursive: true });
  const long = Buffer.alloc(300_000, 'x');
  await writeFile(
    join(dir, 'logs/etcd.node1.log'),
    Buffer.concat([Buffer.from([0, 0xff, 0xfe, 10]), long, Buffer.from('\nend\n')]),
  );
  await logs('etcd', undefined, {}, world);
  const lines = out().trimEnd().split('\n');
  expect(lines[0]).toBe('etcd@node1 │ ·\ufffd\ufffd');
  expect(lines.at(-1)).toBe('etcd@node1 │ end');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(66_000);
  expect(lines.slice(1, -1).join('').replaceAll('etcd@node1 │ ', '')).toHaveLength(300_000);
});

describe('following', () => {
  const running = { stdout: `4242|RUNNING|3|1763962970|1763962980|node[1-3]|dyn-slurm:${RUN}|None\n` };

  test('a run that has ended ends at once', async () => {
    const { world, out } = await run();
    expect(await logs('etcd', undefined, { follow: true }, world)).toBe(0);
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
    expect(await logs(undefined, undefined, { follow: true }, later)).toBe(0);
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
    expect(await logs(RUN, undefined, { follow: true }, world)).toBe(130);
  });
});
