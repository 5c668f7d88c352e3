import type { Job } from '../../config/job.ts';
import { checkBench } from '../../config/rules/bench.ts';
import { checkCluster } from '../../config/rules/cluster.ts';
import { checkDirectives } from '../../config/rules/directives.ts';
import { checkInstall } from '../../config/rules/install.ts';
import { checkManaged } from '../../config/rules/managed.ts';
import { checkModel } from '../../config/rules/model.ts';
import { checkMooncake } from '../../config/rules/mooncake.ts';
import { checkProfiling } from '../../config/rules/profiling.ts';
import { checkRoles } from '../../config/rules/roles.ts';
import { checkSecrets } from '../../config/rules/secrets.ts';
import { checkSetup } from '../../config/rules/setup.ts';
import { checkSrun } from '../../config/rules/srun.ts';
import { gpusPerNode } from '../../config/schema/gpu.ts';
import { rolesOf } from '../../config/schema/role.ts';
import type { Problem } from '../../config/yaml/problem.ts';
import { jobEngine } from '../../engines/engines.ts';
import { type Placement, place } from '../placement.ts';
import { checkEngineArguments } from './engine-arguments.ts';
import { checkFrontend } from './frontend.ts';
import { checkGpuRequests } from './gpu-requests.ts';
import { checkGpuShares } from './gpu-share.ts';
import { checkGpuVendor } from './gpu-vendor.ts';
import { checkManagedArgs } from './managed-args.ts';
import { checkNodes } from './nodes.ts';
import { checkParallelism } from './parallel.ts';
import { checkPlanes } from './planes.ts';
import { checkPorts } from './ports.ts';
import { checkSizes } from './sizes.ts';

/** What the rules say of a job. */
export interface Checked {
  readonly problems: readonly Problem[];
  /** Undefined while workers, nodes and GPUs contradict each other, or the GPU model is unknown. */
  readonly placement: Placement | undefined;
}

/**
 * The rules across fields, on a job whose shape is valid: everything that is wrong or suspicious, at once. Rules about
 * where workers go look at the placement, and are left out where there is none.
 */
export function checkRules(job: Job): Checked {
  const { cluster } = job;
  const problems: Problem[] = [...checkRoles(job), ...jobEngine(job).checkRoles(job)];
  const perNode = gpusPerNode(job.gpu, cluster);
  let placement: Placement | undefined;
  if (perNode !== undefined) {
    const sizes = [...checkSizes(job, perNode)];
    problems.push(...sizes);
    if (!sizes.some(({ severity }) => severity === 'error')) {
      placement = place(job);
      problems.push(
        ...checkParallelism(job, perNode),
        ...checkNodes(job, placement),
        ...checkPorts(job, placement),
        ...checkGpuRequests(job, cluster, placement),
        ...checkGpuShares(job, placement),
      );
    }
  }
  problems.push(
    ...checkPlanes(job),
    ...checkInstall(job),
    ...checkFrontend(job),
    ...checkGpuVendor(job),
    ...checkManaged(job),
    ...checkBench(job),
    ...checkProfiling(job),
    ...rolesOf(job).flatMap(([role, config]) => checkManagedArgs(role, config, job, perNode)),
    ...checkEngineArguments(job),
    ...checkSecrets(job),
    ...checkMooncake(job),
    ...checkSetup(job),
    ...checkSrun(job),
    ...checkModel(job, cluster),
    ...checkCluster(job, cluster),
    ...checkDirectives(job, cluster),
  );
  return { problems, placement };
}
