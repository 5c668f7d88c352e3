import { DynSlurmError, EXIT, errorText } from '../../../errors.ts';
import { moment } from '../../../format.ts';
import type { SubmitRequest } from '../../../scheduler/scheduler.ts';
import type { Connection } from '../../runs/cluster/connect.ts';
import { orWithoutSlurm } from '../../runs/submit/send.ts';
import { jsonLine } from '../../sink.ts';
import { table } from '../../views/table.ts';
import type { World } from '../../world.ts';
import type { Prepared } from './prepare.ts';

interface Options {
  readonly json?: boolean;
}

/** `submit --test-only`: Slurm's own check of a job, and when it would start. Leaves nothing behind. */
export async function testSubmit(
  request: SubmitRequest,
  connection: Connection,
  { json = false }: Options,
  world: World,
): Promise<void> {
  const estimate = await estimateOf(request, connection, world);
  if (json) {
    world.out.write(jsonLine(estimate.data));
    return;
  }
  world.out.write(
    [
      `Slurm on cluster ${connection.cluster} would accept this job; nothing was submitted`,
      `  start  ${estimate.start}`,
      `  nodes  ${estimate.data.nodes} of partition ${estimate.data.partition}`,
      '',
    ].join('\n'),
  );
}

/** The same of several jobs; exit 5 where Slurm would refuse one of them. */
export async function testEach(
  prepared: readonly Prepared[],
  connection: Connection,
  { json = false }: Options,
  world: World,
): Promise<number> {
  const answers = [];
  for (const { job, request } of prepared) {
    const answer = await estimateOf(request(), connection, world).catch((error: unknown) => {
      if (error instanceof DynSlurmError && error.code === 'rejected') return error;
      throw error;
    });
    answers.push({ variant: job.variant ?? '', answer });
  }
  const refused = answers.some(({ answer }) => answer instanceof DynSlurmError);
  if (json) {
    const data = answers.map(({ variant, answer }) =>
      answer instanceof DynSlurmError
        ? { variant, accepted: false, cluster: connection.cluster, said: answer.message }
        : { variant, ...answer.data },
    );
    world.out.write(jsonLine(data));
  } else {
    const rows = answers.flatMap(({ variant, answer }) =>
      answer instanceof DynSlurmError
        ? []
        : [[variant, answer.start, answer.data.nodes, answer.data.partition]],
    );
    if (rows.length > 0) {
      const head = `Slurm on cluster ${connection.cluster} would accept these jobs; nothing was submitted\n`;
      world.out.write(head + table(['variant', 'start', 'nodes', 'partition'], rows, world.page));
    }
    for (const { variant, answer } of answers)
      if (answer instanceof DynSlurmError) world.err.write(`${variant}: ${errorText(answer)}`);
  }
  return refused ? EXIT.rejected : EXIT.ok;
}

/** Seconds within which a start is at once. */
const AT_ONCE = 5;

async function estimateOf(request: SubmitRequest, { scheduler, cluster, host }: Connection, world: World) {
  const { start, nodes, partition, said } = await scheduler
    .test(request, world.signal)
    .catch((error: unknown) => {
      throw orWithoutSlurm(error, host);
    });
  const time = start === undefined ? undefined : new Date(start * 1000);
  const now = world.now();
  const late = time && time.getTime() - now.getTime() > AT_ONCE * 1000;
  return {
    start: time === undefined ? said : late ? `expected ${moment(time, now)}` : 'at once',
    data: { accepted: true, cluster, start: time?.toISOString() ?? null, nodes, partition, said },
  };
}
