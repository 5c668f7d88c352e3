import { withFallback } from '../../errors.ts';
import { slurmCluster } from '../../scheduler/job-id.ts';
import type { NodeMark } from '../../scheduler/scheduler.ts';
import type { World } from '../world.ts';
import { LOCAL } from './cluster/connect.ts';
import type { RunReport } from './report.ts';

/**
 * Nodes of a run that goes on which Slurm gives no new jobs: drained by an administrator, or failing. What runs there goes
 * on. It costs one request, and none where the run has ended.
 */
export async function markedNodes(
  { state, connection, jobId }: RunReport,
  { signal }: World,
): Promise<readonly NodeMark[]> {
  const hosts = state.bound?.nodes.map(({ host }) => host) ?? [];
  const elsewhere = jobId !== undefined && slurmCluster(jobId) !== undefined;
  if (state.verdict || hosts.length === 0 || elsewhere || connection.cluster === LOCAL) return [];
  return withFallback(connection.scheduler.nodeMarks(hosts, signal), []);
}

export function marksText(marks: readonly NodeMark[]): string {
  return marks
    .map(
      ({ node, state, reason }) =>
        `  warning  ${node} is ${state}${reason === '' ? '' : ` (${reason})`}; its running jobs continue\n`,
    )
    .join('');
}
