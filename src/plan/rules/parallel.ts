import type { JobConfig } from '../../config/schema/job-schema.ts';
import { rolesOf } from '../../config/schema/role.ts';
import { count } from '../../config/text/plural.ts';
import { error, type Problem } from '../../config/yaml/problem.ts';
import type { SizedWorker } from '../../engines/engine.ts';
import { engineOf } from '../../engines/engines.ts';
import { workerSize } from '../sizing.ts';

/** Parallel sizes fit the GPUs of a worker, and what its engine asserts of them. */
export function* checkParallelism(job: JobConfig, perNode: number): Generator<Problem> {
  for (const [role, config] of rolesOf(job)) {
    const { gpus, nodes } = workerSize(role, config, perNode);
    if (gpus === 0) continue;
    const engine = engineOf(job, config);
    const worker = { role, config, ...engine.sizes(config, gpus), gpus, nodes: Math.max(1, nodes) };
    const outside = [...checkRanges(worker)];
    yield* outside.length > 0 ? outside : engine.checkSizes(worker, job);
  }
}

function* checkRanges({ role, config, gpus, ...sizes }: SizedWorker): Generator<Problem> {
  for (const kind of ['tp', 'dp', 'ep'] as const) {
    const size = sizes[kind];
    if (size >= 1 && size <= gpus) continue;
    const given = config[kind];
    yield error(
      [role, kind],
      `${typeof given === 'string' ? given : kind} is ${size}, but each ${role} worker has ${count(gpus, 'GPU')}`,
      'give each worker more nodes or GPUs, or another size',
    );
  }
}
