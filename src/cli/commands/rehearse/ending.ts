import { join } from 'node:path/posix';
import { DynSlurmError } from '../../../errors.ts';
import { unlessAborted } from '../../../host/on-abort.ts';
import { timeLimit } from '../../../host/time-limit.ts';
import { removeLeftSecrets } from '../../../observe/left-secrets.ts';
import { watchRun } from '../../../observe/watch.ts';
import { killOutright, leftBehind } from '../../../rehearsal/leftovers.ts';
import type { ObservedEvent } from '../../../run/events.ts';
import { advance, NEW_RUN, type RunState } from '../../../run/state.ts';
import { jobNumber } from '../../../scheduler/job-id.ts';
import type { LocalConnection } from '../../runs/cluster/connect.ts';
import type { Sent } from '../../runs/submit/send.ts';
import type { Screen } from '../../views/screen.ts';
import type { World } from '../../world.ts';
import { runSteps } from './checklist.ts';

/** A job that the stand-in has. */
export interface Rehearsed extends Sent {
  readonly connection: LocalConnection;
}

/** Milliseconds. */
const END_PATIENCE = 300_000;
const PROCESS_PATIENCE = 60_000;
/** Milliseconds that an interrupted rehearsal gives its job to end by itself, to be killed, and to be gone. */
const INTERRUPTED_END = 800;
const INTERRUPTED_KILL = 500;
const INTERRUPTED_LOOK = 500;

/**
 * Ends the job, which then knows whether the rehearsal passed, and waits until nothing of it is left. An interrupt, before or
 * meanwhile, leaves it little time, and then kills it. @throws DynSlurmError `jobFailed` where something is left.
 */
export async function tearDown(
  show: Rehearsed,
  screen: Screen,
  world: World,
  { passed = false } = {},
): Promise<void> {
  await runSteps(
    [
      {
        title: 'teardown',
        run: async () => {
          const ended = await unlessAborted(endJob(show, passed), world.signal, INTERRUPTED_END);
          if (ended !== undefined) return ended;
          await kill(show);
          return 'killed: the rehearsal was interrupted';
        },
      },
      {
        title: 'processes',
        run: async () => {
          const left = await processesLeft(show, world.signal);
          if (left.length > 0) {
            throw new DynSlurmError(
              'jobFailed',
              `processes of job ${show.jobId} are left: ${left.join(', ')}`,
            );
          }
          return 'none left';
        },
      },
    ],
    screen,
    world.signal,
  );
}

/** Tells the job to end, and waits for its verdict: why it ended. */
async function endJob({ connection, run, jobId }: Rehearsed, passed: boolean): Promise<string> {
  const signal = timeLimit(END_PATIENCE);
  if (passed)
    await connection.host.writeFiles(
      join(run.dir, 'state'),
      new Map([['passed', { text: '', mode: 0o600 }]]),
    );
  await connection.scheduler.cancel(jobId, signal);
  const { verdict } = await lastState(watchRun(connection, { dir: run.dir, jobId }, signal));
  return verdict?.reason ?? 'no verdict';
}

/** Kills the job's processes, and removes the secrets that it then could not remove itself. */
async function kill({ connection, run, jobId }: Rehearsed): Promise<void> {
  const limit = timeLimit(INTERRUPTED_KILL);
  const killed = killOutright(connection.standIn, jobNumber(jobId), limit);
  const tidied = removeLeftSecrets(connection.host, run.dir);
  await unlessAborted(Promise.all([killed, tidied]), limit, 0);
}

/** Ids of the processes that a job which has ended leaves. An interrupt lets it wait no longer for them to end. */
export async function processesLeft(
  { connection: { standIn }, jobId }: Rehearsed,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const left = (limit: AbortSignal) => leftBehind(standIn, jobNumber(jobId), limit);
  const found = await unlessAborted(left(timeLimit(PROCESS_PATIENCE)), signal, INTERRUPTED_LOOK);
  return found ?? left(AbortSignal.abort());
}

/** What the events come to. */
export async function lastState(events: AsyncIterable<ObservedEvent>): Promise<RunState> {
  let state = NEW_RUN;
  for await (const event of events) state = advance(state, event);
  return state;
}
