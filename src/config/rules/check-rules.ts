import { dedicatedNodes, layOut } from '../layout.ts';
import type { ClusterProfile } from '../schema/cluster-schema.ts';
import { gpusPerNode } from '../schema/gpu.ts';
import type { JobConfig } from '../schema/job-schema.ts';
import { ROLES } from '../schema/role.ts';
import type { Problem } from '../yaml/problem.ts';
import { checkAgreement } from './agreement.ts';
import { checkBench } from './bench.ts';
import { checkDirectives } from './directives.ts';
import { checkEngineArguments } from './engine-arguments.ts';
import { checkGpuRequests } from './gpu-requests.ts';
import { checkManaged } from './managed.ts';
import { checkManagedArgs } from './managed-args.ts';
import { checkModel } from './model.ts';
import { checkCluster, checkNodes } from './nodes.ts';
import { checkParallelism } from './parallel.ts';
import { checkPlanes } from './planes.ts';
import { checkPorts } from './ports.ts';
import { checkProfiling } from './profiling.ts';
import { checkRoles } from './roles.ts';
import { checkSecrets } from './secrets.ts';
import { checkSizes } from './sizes.ts';

/**
 * The rules across fields, on a job whose shape is valid: everything that is wrong or suspicious, at once.
 * Rules that need the layout are left out while workers, nodes and GPUs contradict each other, or the GPU
 * model is unknown.
 */
export function checkRules(job: JobConfig, cluster: ClusterProfile): readonly Problem[] {
  const problems: Problem[] = [...checkRoles(job), ...checkAgreement(job)];
  const perNode = gpusPerNode(job.gpu, cluster);
  if (perNode !== undefined) {
    const sizes = [...checkSizes(job, perNode)];
    problems.push(...sizes);
    if (!sizes.some(({ severity }) => severity === 'error')) {
      const layout = layOut(job, perNode, dedicatedNodes(job));
      problems.push(
        ...checkParallelism(job, perNode),
        ...checkNodes(job, layout, perNode),
        ...checkPorts(job, layout, perNode),
        ...checkGpuRequests(job, cluster, layout, perNode),
      );
    }
  }
  problems.push(...checkPlanes(job), ...checkManaged(job), ...checkBench(job), ...checkProfiling(job));
  for (const role of ROLES) {
    const config = job[role];
    if (config) problems.push(...checkManagedArgs(role, config, job, perNode));
  }
  problems.push(...checkEngineArguments(job));
  problems.push(
    ...checkSecrets(job),
    ...checkModel(job, cluster),
    ...checkCluster(job, cluster),
    ...checkDirectives(job, cluster),
  );
  return problems;
}
