import { basename, dirname } from 'node:path/posix';
import { DynSlurmError } from '../../../errors.ts';
import { readPlan } from '../../../run/plan-file.ts';
import type { Session } from './lookup.ts';

/**
 * The options by which srun puts a command into the job's container, as a worker of that node has them, else as any step
 * has. @throws DynSlurmError `usage` where the job has no container.
 */
export async function containerOptions(
  { run, job, connection }: Session,
  node: number,
): Promise<readonly string[]> {
  const plan = await readPlan(connection.host, run);
  const contained = (plan?.srun ?? [])
    .filter(({ name }) => !WITHOUT_MODEL.has(name))
    .map(({ nodes, argv }) => ({ here: nodes.includes(node), options: argv.filter(isOption) }))
    .filter(({ options }) => options.length > 0);
  const found = contained.find(({ here }) => here) ?? contained[0];
  if (found) {
    return found.options.map((option) =>
      option
        .replaceAll('${RUN_DIR%/*}', dirname(run.dir))
        .replaceAll('${RUN_DIR}', run.dir)
        // As lib.sh names it; a session has no second attempt.
        .replaceAll('${CONTAINER}', `${basename(run.dir)}-${job.jobId}-0`),
    );
  }
  throw new DynSlurmError('usage', 'this session has no container', {
    hint: 'its steps run on the host: use exec without --container',
  });
}

/** Steps whose mounts are not those of a worker. */
const WITHOUT_MODEL = new Set(['container', 'install', 'etcd', 'nats', 'mooncake', 'nginx']);

const isOption = (word: string): boolean => /^--(no-)?container-/.test(word);
