import { imageFault } from '../compat/image-reference.ts';
import { containerOf } from '../job.ts';
import type { ClusterProfile } from '../schema/cluster-schema.ts';
import type { JobConfig } from '../schema/job-schema.ts';
import { error, keyWarning, type Problem, warning } from '../yaml/problem.ts';

/** What the job's Slurm options and the site say about who else is there. */
export function* checkCluster(job: JobConfig, cluster: ClusterProfile): Generator<Problem> {
  if (job.health.drain >= job.slurm.time) {
    yield error(
      ['health', 'drain'],
      `draining ${job.health.drain} s before the time limit of ${job.slurm.time} s leaves no time to serve`,
      'increase slurm.time or decrease health.drain',
    );
  }
  if (!job.slurm.exclusive) {
    yield warning(
      ['slurm', 'exclusive'],
      'without exclusive nodes, other users of the nodes can reach etcd, NATS and the frontend',
      'remove this line',
    );
  }
  const container = containerOf(job, cluster);
  const fault = container && imageFault(container.image);
  if (fault) yield { severity: 'error', path: ['container', 'image'], ...fault };
  const { bench } = job;
  if (bench?.image !== undefined) {
    const path = ['bench', 'image'];
    const other = imageFault(bench.image);
    if (other) yield { severity: 'error', path, ...other };
    if (cluster.container_runtime === 'none') {
      yield keyWarning(
        path,
        'the cluster profile has container_runtime: none, so the benchmark runs on the host and the image is not used',
        'set container_runtime: pyxis in the cluster profile if the cluster has it',
      );
    }
  }
  if (job.container && !container) {
    yield keyWarning(
      ['container'],
      'the cluster profile has container_runtime: none, so everything runs on the host and the image is not used',
      'set container_runtime: pyxis in the cluster profile if the cluster has it',
    );
  }
}
