import { moment } from '../../../format.ts';
import type { SubmitRequest } from '../../../scheduler/scheduler.ts';
import type { Connection } from '../../runs/cluster/connect.ts';
import type { World } from '../../world.ts';

/** Seconds within which a start is at once. */
const AT_ONCE = 5;

/** `submit --test-only`: Slurm's own check of a job, and when it would start. Leaves nothing behind. */
export async function testSubmit(
  request: SubmitRequest,
  { scheduler, cluster }: Connection,
  { json = false }: { readonly json?: boolean },
  world: World,
): Promise<void> {
  const { start, nodes, partition, said } = await scheduler.test(request, world.signal);
  const time = start === undefined ? undefined : new Date(start * 1000);
  if (json) {
    const answer = { accepted: true, cluster, start: time?.toISOString() ?? null, nodes, partition, said };
    world.out.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  const now = world.now();
  const late = time && time.getTime() - now.getTime() > AT_ONCE * 1000;
  world.out.write(
    [
      `Slurm on cluster ${cluster} would take this job; nothing was submitted`,
      `  start  ${time === undefined ? said : late ? `expected ${moment(time, now)}` : 'at once'}`,
      `  nodes  ${nodes} of partition ${partition}`,
      '',
    ].join('\n'),
  );
}
