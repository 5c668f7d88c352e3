import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { Host } from '../../../src/host/host.ts';
import { localHost } from '../../../src/host/local.ts';
import { QueuePoll } from '../../../src/observe/queue-poll.ts';
import { watchRun } from '../../../src/observe/watch.ts';
import type { ObservedEvent } from '../../../src/run/events.ts';
import type { JobId } from '../../../src/scheduler/job-id.ts';
import type { PollSchedule } from '../../../src/scheduler/poll-schedule.ts';
import { slurmScheduler } from '../../../src/scheduler/slurm.ts';
import { type Answer, stubSlurm } from '../stub-slurm.ts';

const polls = {
  waiting: [0.02],
  running: [0.02],
  ending: [0.02],
  unreachable: [0.02],
  limited: [0.02],
  mostAMinute: 1000,
};
const now = () => new Date();
const queueOf = (host: Host, schedule: PollSchedule = polls) =>
  new QueuePoll({ scheduler: slurmScheduler(host), polls: schedule, now });
const row = (state: string, nodes: string, reason = 'None') =>
  ({ stdout: `7|${state}|2|1763962970|1763962980|${nodes}|(null)|${reason}\n` }) satisfies Answer;
const GONE = { stderr: 'slurm_load_jobs error: Invalid job id specified\n', exit: 1 };
const DOWN = { stderr: 'slurm_load_jobs error: Unable to contact slurm controller\n', exit: 1 };

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dyn-slurm-test-'));
});

/** What a watcher hears while the queue says one thing after the other, and at the end. */
async function heard(answers: readonly [Answer, ...Answer[]]): Promise<readonly string[]> {
  const stub = await stubSlurm({ squeue: answers[0] });
  const host = localHost({ path: [stub.bin], env: { PATH: '/usr/bin:/bin' } });
  const watch = { host, queue: queueOf(host), grace: 30, now };
  const rest = answers.slice(1);
  const words: string[] = [];
  for await (const event of watchRun(watch, { dir, jobId: '7' as JobId }, new AbortController().signal)) {
    words.push(word(event));
    const next = rest.shift();
    if (next) await stub.answer('squeue', next);
  }
  return words;
}

function word(event: ObservedEvent): string {
  if (event.kind === 'queue') return `${event.state} ${event.reason}`.trim();
  return event.kind === 'verdict' ? `verdict ${event.outcome}` : event.kind;
}

test('what the queue says is told once, however often it is asked', async () => {
  expect(
    await heard([
      row('PENDING', '', 'Priority'),
      row('PENDING', '', 'Resources'),
      row('CONFIGURING', 'n[1-2]'),
      row('RUNNING', 'n[1-2]'),
      row('COMPLETING', 'n[1-2]'),
      row('FAILED', 'n[1-2]', 'NonZeroExitCode'),
    ]),
  ).toEqual([
    'PENDING Priority',
    'PENDING Resources',
    'CONFIGURING',
    'RUNNING',
    'COMPLETING',
    'FAILED NonZeroExitCode',
    'verdict failed',
  ]);
});

test('Slurm that is away for a while fails nobody', async () => {
  expect(await heard([row('RUNNING', 'n1'), DOWN, row('RUNNING', 'n1'), GONE])).toEqual([
    'RUNNING',
    'UNKNOWN slurm_load_jobs error: Unable to contact slurm controller',
    'RUNNING',
    'GONE',
    'verdict unknown',
  ]);
});

test('a requeued job goes on', async () => {
  expect(
    await heard([
      row('RUNNING', 'n1'),
      row('PENDING', '', 'BeginTime'),
      row('RUNNING', 'n2'),
      row('PREEMPTED', 'n2'),
    ]),
  ).toEqual(['RUNNING', 'PENDING BeginTime', 'RUNNING', 'PREEMPTED', 'verdict cancelled']);
});

test('a state of a release to come is shown as UNKNOWN, and asked about again', async () => {
  expect(await heard([row('HIBERNATING', 'n1'), row('RUNNING', 'n1'), row('COMPLETED', 'n1')])).toEqual([
    'UNKNOWN HIBERNATING',
    'RUNNING',
    'COMPLETED',
    'verdict unknown',
  ]);
});

test("the job's own verdict counts, and comes within the grace", async () => {
  const verdict = {
    time: '2025-11-24T05:43:00.000Z',
    kind: 'verdict',
    outcome: 'cancelled',
    reason: 'cancelled',
    seconds: 9,
  };
  const stub = await stubSlurm({ squeue: row('COMPLETED', 'n1') });
  const host = localHost({ path: [stub.bin], env: { PATH: '/usr/bin:/bin' } });
  const watch = { host, queue: queueOf(host), grace: 10_000, now };
  const events: ObservedEvent[] = [];
  for await (const event of watchRun(watch, { dir, jobId: '7' as JobId }, new AbortController().signal)) {
    events.push(event);
    if (event.kind === 'queue') await writeFile(join(dir, 'events.jsonl'), `${JSON.stringify(verdict)}\n`);
  }
  expect(events.slice(1)).toEqual([verdict]);
});

test('a run without a job is watched by its own words alone', async () => {
  const verdict = {
    time: '2025-11-24T05:43:00.000Z',
    kind: 'verdict',
    outcome: 'failed',
    reason: 'r',
    seconds: 9,
  };
  setTimeout(() => void writeFile(join(dir, 'events.jsonl'), `${JSON.stringify(verdict)}\n`), 30);
  const host = localHost({ path: [], env: {} });
  const watch = { host, queue: queueOf(host), now };
  const events: ObservedEvent[] = [];
  for await (const event of watchRun(watch, { dir }, new AbortController().signal)) events.push(event);
  expect(events).toEqual([verdict]);
});

test('the abort ends everything at once', async () => {
  const stub = await stubSlurm({ squeue: row('RUNNING', 'n1') });
  const host = localHost({ path: [stub.bin], env: { PATH: '/usr/bin:/bin' } });
  const watch = { host, queue: queueOf(host, { ...polls, running: [600] }), now };
  const controller = new AbortController();
  const events: ObservedEvent[] = [];
  for await (const event of watchRun(watch, { dir, jobId: '7' as JobId }, controller.signal)) {
    events.push(event);
    setTimeout(() => controller.abort('SIGINT'), 20);
  }
  expect(events.map(word)).toEqual(['RUNNING']);
});
