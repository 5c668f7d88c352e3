import { join } from 'node:path/posix';
import { DynSlurmError } from '../../../errors.ts';
import { unlessAborted } from '../../../host/on-abort.ts';
import { timeLimit } from '../../../host/time-limit.ts';
import { removeLeftSecrets } from '../../../observe/left-secrets.ts';
import { watchRun } from '../../../observe/watch.ts';
import { killOutright, leftBehind } from '../../../rehearsal/leftovers.ts';
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
          if (left.length === 0) return 'none left';
          throw new DynSlurmError(
            'jobFailed',
            `processes of job ${show.jobId} are still running: ${left.join(', ')}`,
          );
        },
      },
    ],
    screen,
  );
}

/** Tells the job to end, and waits for its verdict: why it ended. */
async function endJob(show: Rehearsed, passed: boolean): Promise<string> {
  const { connection, run, jobId } = show;
  const signal = timeLimit(END_PATIENCE);
  const note = new Map([['passed', { text: '', mode: 0o600 }]]);
  if (passed) await connection.host.writeFiles(join(run.dir, 'state'), note);
  await connection.scheduler.cancel(jobId, signal);
  const { verdict } = await lastState(show, signal);
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

/** What the events of a job come to, until its end or the abort. */
export async function lastState(
  { connection, run, jobId }: Rehearsed,
  signal: AbortSignal,
): Promise<RunState> {
  let state = NEW_RUN;
  for await (const event of watchRun(connection, { dir: run.dir, jobId }, signal))
    state = advance(state, event);
  return state;
}
