import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { cancel } from '../../../../src/cli/commands/run/cancel.ts';
import { addRun, recordedEvents, script, site } from '../run-folder.ts';

beforeAll(() => {
  process.env.TZ = 'UTC';
});

const RUN = 'r1-0a1b2c';
const running = { stdout: `4242|RUNNING|3|1763962970|1763962980|node[1-3]|dyn-slurm:${RUN}|None\n` };

/** A job that ends as soon as it is told to. */
async function cancelled(options: { json?: boolean }) {
  const place = await site({ squeue: running, scancel: {} });
  const dir = await addRun(place.root, { id: RUN, jobId: '4242', events: 'served', until: 'ready' });
  const last = (await recordedEvents('served')).slice(-2).map((line) => `${line}\n`);
  const { world } = place;
  const heard = (sink: typeof world.out) => ({
    write: (text: string) => {
      sink.write(text);
      if (/canceled job|cancelling/.test(text)) void appendFile(join(dir, 'events.jsonl'), last.join(''));
    },
  });
  const exit = await cancel(RUN, options, { ...world, out: heard(world.out), err: heard(world.err) });
  return { ...place, exit };
}

test('shows the teardown and the verdict, and nothing from before', async () => {
  const { exit, out, err, stub } = await cancelled({});
  expect(exit).toBe(0);
  expect(err()).toBe('canceled job 4242 of r1-0a1b2c\n');
  expect(out().replace(/^.*runs on 3 nodes\n/, '')).toBe(
    '05:44:12  tearing down: cancelled\n05:44:13  cancelled after 1 min 13 s: cancelled\n',
  );
  expect((await stub.calls())[0]).toBe('scancel 4242');
});

test('--json', async () => {
  const { exit, out, err } = await cancelled({ json: true });
  expect(exit).toBe(0);
  expect(err()).toBe('');
  const lines = out()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.filter(({ kind }) => kind !== 'queue')).toEqual([
    { run: RUN, kind: 'cancelling', job: '4242' },
    ...(await recordedEvents('served')).slice(-2).map((line) => JSON.parse(line)),
  ]);
});

test('--no-wait', async () => {
  const { world, root, out, err, stub } = await site({ scancel: {} });
  await addRun(root, { id: RUN, jobId: '4242' });
  expect(await cancel(undefined, { wait: false }, world)).toBe(0);
  expect([out(), err()]).toEqual(['', 'canceled job 4242 of r1-0a1b2c\n']);
  expect(await stub.calls()).toEqual(['scancel 4242']);
});

test('a run that has ended says so, and is left alone', async () => {
  const { world, root, err, stub } = await site();
  await addRun(root, { id: RUN, jobId: '4242', events: 'failed-at-start' });
  expect(await cancel(RUN, {}, world)).toBe(0);
  expect(err()).toBe(
    'r1-0a1b2c has ended already: failed after 6.0 s, decode-0 on node3 exited with code 1\n',
  );
  expect(await stub.calls()).toEqual([]);
});

test('a job that never started', async () => {
  const row = (state: string) => ({
    stdout: `4242|${state}|3|1763962970|1763962980||dyn-slurm:${RUN}|Priority\n`,
  });
  const { world, root, out, stub } = await site({ scancel: {}, squeue: row('PENDING') });
  await addRun(root, { id: RUN, jobId: '4242' });
  const err = {
    write: (text: string) => void (text.includes('canceled job') && stub.answer('squeue', row('CANCELLED'))),
  };
  expect(await cancel(RUN, {}, { ...world, err })).toBe(0);
  expect(out().replace(/^.* is pending.*\n/, '')).toBe(
    `\
05:45:00  job 4242 has left the queue: CANCELLED
05:45:00  cancelled: Slurm reports CANCELLED; the job's script did not start
`,
  );
});

test('a job that was withdrawn in the queue has ended, and is not told to end', async () => {
  const { world, root, err, stub } = await site({
    squeue: { stdout: `4242|CANCELLED|3|1763962970|1763962980||dyn-slurm:${RUN}|Priority\n` },
  });
  await addRun(root, { id: RUN, jobId: '4242' });
  expect(await cancel(RUN, {}, world)).toBe(0);
  expect(err()).toMatch(/^r1-0a1b2c has ended already: cancelled after .*\n$/);
  expect((await stub.calls()).map((call) => call.split(' ')[0])).toEqual(['squeue']);
});

test('an interrupt stops the waiting, not the cancelling', async () => {
  const { world, root, err, interrupt } = await site({ squeue: running, scancel: {} });
  await addRun(root, { id: RUN, jobId: '4242', events: 'served', until: 'ready' });
  const acted = script(world, [['runs on', () => interrupt.abort('SIGINT')]]);
  expect(await cancel(RUN, {}, acted)).toBe(130);
  expect(err()).toBe('canceled job 4242 of r1-0a1b2c\nstopped waiting; job 4242 is ending\n');
});
