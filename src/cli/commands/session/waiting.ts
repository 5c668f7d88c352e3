import { withFallback } from '../../../errors.ts';
import { unlessAborted } from '../../../host/on-abort.ts';
import { pause } from '../../../host/pause.ts';
import { timeLimit } from '../../../host/time-limit.ts';
import type { QueueEvent } from '../../../run/events.ts';
import type { Run, SessionFacts } from '../../../run/folder.ts';
import { hostnames, takeAllocation } from '../../../scheduler/allocation.ts';
import type { JobId } from '../../../scheduler/job-id.ts';
import type { Connection } from '../../runs/cluster/connect.ts';
import { screenOf, showEvents } from '../../views/screen.ts';
import type { World } from '../../world.ts';

/** Milliseconds after which an allocation that is not there is looked for in the queue, and between further looks. */
const TIMEOUT = 1500;
const AGAIN = 10_000;
/** Milliseconds for withdrawing what may still wait in the queue; after an interrupt, salloc has had a second already. */
const CLEANING = 5000;
const INTERRUPTED_CLEANING = 700;

/**
 * Takes an allocation, and shows meanwhile why it waits. What is interrupted or refused leaves nothing behind.
 * @throws DynSlurmError as takeAllocation
 */
export async function waitForAllocation(
  run: Run,
  argv: readonly string[],
  connection: Connection,
  { json }: { readonly json?: boolean },
  world: World,
): Promise<readonly [{ readonly jobId: JobId }, SessionFacts]> {
  const { host, scheduler } = connection;
  try {
    const stop = new AbortController();
    const signal = AbortSignal.any([world.signal, stop.signal]);
    const granted = takeAllocation(host, argv, world.signal).finally(() => stop.abort());
    // It is awaited once nothing is left to show.
    granted.catch(() => {});
    const screen = screenOf(world, json, 'lines');
    await showEvents(queue(run, connection, signal), { outline: undefined }, screen);
    const jobId = await granted;
    const { nodeList = '' } = (await scheduler.status([jobId], world.signal)).get(jobId) ?? {};
    const hosts = await hostnames(host, nodeList, world.signal);
    return [{ jobId }, { allocation: 'owned', hosts }];
  } catch (error) {
    const release = world.holdEnd();
    await giveUp(run, connection, world).finally(release);
    throw error;
  }
}

async function* queue(
  run: Run,
  { scheduler, queue }: Connection,
  signal: AbortSignal,
): AsyncGenerator<QueueEvent> {
  for (let wait = TIMEOUT; await pause(wait, signal); wait = AGAIN) {
    const found = await withFallback(scheduler.find([run.id], signal), undefined);
    const job = found?.get(run.id);
    if (job) return yield* queue.follow(job.jobId, signal);
  }
}

/** salloc itself withdraws what it waits for, unless it was killed, or its connection lost. */
async function giveUp(run: Run, connection: Connection, { signal, err }: World): Promise<void> {
  const limit = timeLimit(signal.aborted ? INTERRUPTED_CLEANING : CLEANING);
  if (await withFallback(unlessAborted(withdraw(run, connection, limit), limit, 0), undefined)) return;
  // The run folder stays, by which the job is found.
  if (signal.aborted)
    err.write(
      `Slurm does not say whether the allocation was withdrawn: \`dyn-slurm status ${run.id}\` shows whether it exists, \`dyn-slurm cancel ${run.id}\` cancels it\n`,
    );
}

/** Ends the run's allocation where there is one, and removes its folder. */
async function withdraw(run: Run, { host, scheduler }: Connection, signal: AbortSignal): Promise<true> {
  const found = (await scheduler.find([run.id], signal)).get(run.id);
  if (found && found.state.phase !== 'ended') await scheduler.cancel(found.jobId, signal);
  await host.remove(run.dir);
  return true;
}
