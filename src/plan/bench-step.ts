import type { Job } from '../config/job.ts';
import { userEnvironment } from './environment.ts';
import { portPart } from './movable-ports.ts';
import type { Plan, Step } from './plan.ts';
import { ATTEMPT_DIR, nodeIp } from './word.ts';

/** The benchmark, on the head node; it starts when the service is ready, and the job ends with it. */
export function benchSteps(job: Job, entry: Plan['entry']): readonly Step[] {
  if (job.bench === undefined) return [];
  const { env, secrets } = userEnvironment(job.bench.env);
  return [
    {
      name: 'bench',
      kind: 'bench',
      role: null,
      worker: null,
      nodes: [0],
      gpus: [],
      argv: ['bash', '-c', job.bench.command],
      env: {
        DYN_SLURM_URL: ['http://', nodeIp(entry.node), ':', portPart('frontend', entry.port, job)],
        DYN_SLURM_MODEL: job.model.served_name,
        DYN_SLURM_RESULTS: [ATTEMPT_DIR, '/results'],
        ...env,
      },
      secrets,
      ports: [],
      contained: true,
    },
  ];
}
