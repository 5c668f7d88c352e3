import { expect, test } from 'vitest';
import { localHost } from '../../../src/host/local.ts';
import { QueuePoll } from '../../../src/observe/queue-poll.ts';
import type { JobId } from '../../../src/scheduler/job-id.ts';
import type { PollSchedule } from '../../../src/scheduler/poll-schedule.ts';
import { slurmScheduler } from '../../../src/scheduler/slurm.ts';
import { type Answer, stubSlurm } from '../stub-slurm.ts';

const POLLS: PollSchedule = {
  waiting: [0.02],
  running: [0.02],
  ending: [0.02],
  unreachable: [0.02],
  limited: [0.02],
  mostAMinute: 1000,
};
const queue = (...rows: readonly (readonly [job: string, state: string])[]): Answer => ({
  stdout: rows.map(([job, state]) => `${job}|${state}|1|1763962970|1763962980|n1|(null)|None\n`).join(''),
});
const never = new AbortController().signal;
const jobs = ['7', '8', '9'] as readonly string[] as readonly JobId[];

/** `timeout`, in milliseconds, is what squeue has to answer in. */
async function poll(first: Answer, polls: PollSchedule = POLLS, timeout = 60_000) {
  const stub = await stubSlurm({ squeue: first });
  const host = localHost({ path: [stub.bin], env: { PATH: '/usr/bin:/bin' } });
  const scheduler = slurmScheduler(host, { timeouts: { squeue: timeout } });
  return { stub, poll: new QueuePoll({ scheduler, polls, now: () => new Date() }) };
}

/** What the watcher of a job hears; `acts` follow each word. */
async function heard(
  poll: QueuePoll,
  job: JobId,
  act: (word: string) => unknown = () => {},
): Promise<string> {
  const words: string[] = [];
  for await (const { state } of poll.follow(job, never)) {
    words.push(state);
    await act(state);
  }
  return words.join(' ');
}

test('several jobs are one call of squeue', async () => {
  const { stub, poll: shared } = await poll(queue(['7', 'RUNNING'], ['8', 'PENDING'], ['9', 'COMPLETING']));
  const all = Promise.all(
    jobs.map((job) => heard(shared, job, () => stub.answer('squeue', queue(...ended)))),
  );
  const ended = jobs.map((job) => [job, 'COMPLETED'] as const);
  expect(await all).toEqual(['RUNNING COMPLETED', 'PENDING COMPLETED', 'COMPLETING COMPLETED']);
  const calls = (await stub.calls()).map((call) => call.split(' ').at(-1));
  expect(new Set(calls)).toEqual(new Set(['--jobs=7,8,9']));
});

test('however many come, and whatever they do, there are only so many calls in a minute', async () => {
  const { stub, poll: shared } = await poll(queue(['7', 'RUNNING']), { ...POLLS, mostAMinute: 3 });
  const stop = new AbortController();
  const watchers = jobs.flatMap(() => {
    const events = shared.follow(jobs[0] as JobId, stop.signal);
    return [events.next(), events.next()];
  });
  await expect.poll(() => stub.calls()).toHaveLength(3);
  // Ten more would have been due by now.
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await stub.calls()).toHaveLength(3);
  stop.abort();
  await Promise.all(watchers);
});

test.each<[string, Answer]>([
  ['hangs', { hangs: true }],
  [
    'cannot reach the controller',
    { stderr: 'slurm_load_jobs error: Unable to contact slurm controller\n', exit: 1 },
  ],
  [
    'asks too often',
    { stderr: 'slurm_load_jobs error: Rate limit exceeded, please retry momentarily\n', exit: 1 },
  ],
])('a squeue that %s says nothing about the job, and is asked again', async (_, trouble) => {
  const { stub, poll: shared } = await poll(trouble, POLLS, trouble.hangs ? 5000 : undefined);
  const answers: Record<string, Answer> = {
    UNKNOWN: queue(['7', 'RUNNING']),
    RUNNING: queue(['7', 'COMPLETED']),
  };
  const next = (word: string) => answers[word] && stub.answer('squeue', answers[word]);
  expect(await heard(shared, jobs[0] as JobId, next)).toBe('UNKNOWN RUNNING COMPLETED');
});

test('who is asked too often is left alone, whoever comes', async () => {
  const limit = { stderr: 'slurm_load_jobs error: Rate limit exceeded, please retry momentarily\n', exit: 1 };
  const { stub, poll: shared } = await poll(limit, { ...POLLS, limited: [600] });
  const stop = new AbortController();
  const first = shared.follow(jobs[0] as JobId, stop.signal);
  expect(await first.next()).toMatchObject({ value: { state: 'UNKNOWN' } });
  const second = shared.follow(jobs[1] as JobId, stop.signal).next();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await stub.calls()).toHaveLength(1);
  stop.abort();
  expect(await second).toEqual({ value: undefined, done: true });
});

test('it looks again for those who come after all have left', async () => {
  const { stub, poll: shared } = await poll(queue(['7', 'COMPLETED']));
  expect(await heard(shared, jobs[0] as JobId)).toBe('COMPLETED');
  const left = shared.follow(jobs[1] as JobId, AbortSignal.timeout(1));
  expect(await left.next()).toMatchObject({ done: true });
  await stub.answer('squeue', queue(['9', 'CANCELLED']));
  expect(await heard(shared, jobs[2] as JobId)).toBe('CANCELLED');
});
