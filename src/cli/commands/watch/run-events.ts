import { untilAbort } from '../../../host/until-abort.ts';
import { watchRun } from '../../../observe/watch.ts';
import { withLogs } from '../../../observe/with-logs.ts';
import { withService } from '../../../observe/with-service.ts';
import { readRunState } from '../../../run/event-log.ts';
import type { ObservedEvent } from '../../../run/events.ts';
import { type Outline, readPlan } from '../../../run/plan-file.ts';
import type { JobId } from '../../../scheduler/job-id.ts';
import { withJob } from '../../runs/adopt.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import type { GaugePage } from '../../views/live/gauges.ts';
import type { World } from '../../world.ts';
import { type PendingLimit, seen } from './pending-limit.ts';

export interface ShowOptions {
  readonly json?: boolean;
  /** Seconds that a job may wait in the queue while it is watched. */
  readonly pendingLimit?: number;
  /** Seconds between polls of the service's metrics. */
  readonly every?: number;
}

/** A run that is going to be watched. */
export interface WatchedRun extends FoundRun {
  readonly jobId: JobId;
  readonly outline: Outline | undefined;
}

export async function watchedRun({ run: given, connection }: FoundRun, world: World): Promise<WatchedRun> {
  const { host } = connection;
  const past = await readRunState(host, given);
  const { run, jobId } = await withJob(given, past, connection, world);
  return { run, connection, jobId, outline: await readPlan(host, run) };
}

/** All that is to be seen of a run: of its job, its logs and its service. `every`: seconds between looks at its metrics. */
export function runEvents(
  { run, connection, jobId, outline }: WatchedRun,
  { now }: World,
  {
    page,
    pending,
    every,
  }: { readonly page: GaugePage; readonly pending: PendingLimit; readonly every?: number | undefined },
): AsyncIterable<ObservedEvent> {
  const { host } = connection;
  const { signal } = pending;
  const own = seen(watchRun(connection, { dir: run.dir, jobId }, signal), (event) =>
    pending.see(run.id, event),
  );
  const logged = withLogs(own, { host, run, now }, signal);
  const service = { host, run, now, every: every === undefined ? undefined : every * 1000 };
  return page.follow(run.id, outline, untilAbort(withService(logged, service, signal), signal));
}
