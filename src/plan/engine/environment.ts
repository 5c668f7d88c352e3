import { atLeast } from '../../config/compat/release.ts';
import type { Job } from '../../config/job.ts';
import { gpusPerNode } from '../../config/schema/gpu.ts';
import { insideSelf } from '../inside.ts';
import { portWord } from '../movable-ports.ts';
import type { Word } from '../plan.ts';
import { SELF_IP } from '../word.ts';
import type { PlacedWorker } from '../worker.ts';

/** Environment of a worker beside that of every Dynamo process. */
export function workerEnvironment(
  job: Job,
  { config, gpus, ports }: PlacedWorker,
): Readonly<Record<string, Word>> {
  const env: Record<string, Word> = {
    DYN_NAMESPACE: job.dynamo.namespace,
    DYN_SYSTEM_HOST: [insideSelf(job)],
    DYN_SYSTEM_PORT: portWord('system', ports.system, job),
    // Where KV transfer listens, and what it tells its peers: `get_local_ip_auto` of SGLang guesses otherwise.
    SGLANG_HOST_IP: [SELF_IP],
  };
  // From 0.7 on the port alone opens the system server, and this only gives a warning.
  if (!atLeast(job.dynamo.version, '0.7')) env.DYN_SYSTEM_ENABLED = 'true';
  if (gpus.length > 0 && gpus.length < (gpusPerNode(job.gpu, job.cluster) ?? 0)) {
    env.CUDA_VISIBLE_DEVICES = gpus.join(',');
  }
  if (config.numa !== undefined) env.SGLANG_AUTO_NUMA_BIND = String(config.numa);
  return env;
}
