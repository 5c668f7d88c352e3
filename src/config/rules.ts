import type { ClusterProfile } from './cluster-profile.ts';
import { gpusPerNode } from './gpu.ts';
import { dedicatedNodes, layOut } from './layout.ts';
import { checkManagedArgs } from './managed-args.ts';
import type { Problem } from './problem.ts';
import { ROLES } from './role.ts';
import { checkAgreement } from './rules/agreement.ts';
import { checkBench } from './rules/bench.ts';
import { checkDirectives } from './rules/directives.ts';
import { checkEngineArguments } from './rules/engine-arguments.ts';
import { checkGpuRequests } from './rules/gpu-requests.ts';
import { checkManaged } from './rules/managed.ts';
import { checkModel } from './rules/model.ts';
import { checkNodes, checkSite } from './rules/nodes.ts';
import { checkParallelism } from './rules/parallel.ts';
import { checkPlanes } from './rules/planes.ts';
import { checkPorts } from './rules/ports.ts';
import { checkProfiling } from './rules/profiling.ts';
import { checkRoles } from './rules/roles.ts';
import { checkSecrets } from './rules/secrets.ts';
import { checkSizes } from './rules/sizes.ts';
import type { JobConfig } from './schema.ts';

/**
 * The rules across fields, on a job whose shape is valid: everything that is wrong or suspicious, at once.
 * Rules that need the layout are left out while workers, nodes and GPUs contradict each other, or the GPU
 * model is unknown.
 */
export function checkRules(job: JobConfig, site: ClusterProfile): readonly Problem[] {
  const problems: Problem[] = [...checkRoles(job), ...checkAgreement(job)];
  const perNode = gpusPerNode(job.gpu, site);
  if (perNode !== undefined) {
    const sizes = [...checkSizes(job, perNode)];
    problems.push(...sizes);
    if (!sizes.some(({ severity }) => severity === 'error')) {
      const layout = layOut(job, perNode, dedicatedNodes(job));
      problems.push(
        ...checkParallelism(job, perNode),
        ...checkNodes(job, layout, perNode),
        ...checkPorts(job, layout, perNode),
        ...checkGpuRequests(job, site, layout, perNode),
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
    ...checkModel(job, site),
    ...checkSite(job, site),
    ...checkDirectives(job, site),
  );
  return problems;
}
