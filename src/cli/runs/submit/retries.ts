import type { Plan } from '../../../plan/plan.ts';
import { createRun } from '../../../run/folder.ts';
import { submitRequest } from '../../../scheduler/request.ts';
import type { SubmitRequest } from '../../../scheduler/scheduler.ts';
import type { World } from '../../world.ts';
import type { Connection } from '../cluster/connect.ts';
import { type Noted, type Sent, sendJob } from './send.ts';

/**
 * Submits the same job again, as runs of their own that start only if all before them have failed. Each has to name all of
 * them: when the first one succeeds Slurm withdraws the second, which for Slurm is then one that failed.
 */
export async function* sendRetries(
  first: Sent,
  count: number,
  { files, given }: SubmitRequest,
  plan: Plan,
  connection: Connection,
  world: World,
  origin: Noted,
): AsyncGenerator<Sent> {
  const chain = [first];
  for (let attempt = 2; attempt <= count + 1; attempt++) {
    const run = createRun(connection.runsDir, first.run.name, world.randomHex(3));
    const after = [{ when: 'afternotok' as const, jobs: chain.map(({ jobId }) => jobId) }];
    const request = submitRequest(run, files, after, given);
    const retry = { ...origin, retryOf: first.run.id, attempt };
    const sent = await sendJob(request, run, plan, connection, world, retry);
    chain.push(sent);
    yield sent;
  }
}
