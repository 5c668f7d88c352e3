import type { Job } from '../config/job.ts';
import { workerCommand } from './engine/command.ts';
import { dynamoEnvironment } from './environment.ts';
import { portWord } from './movable-ports.ts';
import type { StepBody } from './plan.ts';
import { hasRequestPlane } from './planes.ts';
import { workerPorts } from './ports.ts';
import { profilerWords } from './profiler.ts';
import type { PlacedWorker } from './worker.ts';

/** One srun for each worker: all of its nodes run the same command, and differ in rank and address. */
export function workerStep(job: Job, worker: PlacedWorker): StepBody {
  const { argv, env, secrets } = workerCommand(job, worker);
  return {
    name: worker.name,
    kind: 'worker',
    role: worker.role,
    worker: worker.index,
    nodes: worker.nodes,
    gpus: worker.gpus,
    argv: [...profilerWords(job, worker), ...argv],
    env: {
      ...dynamoEnvironment(job),
      ...(hasRequestPlane(job) && { DYN_TCP_RPC_PORT: portWord('rpc', worker.ports.rpc, job) }),
      ...env,
    },
    secrets,
    ports: workerPorts(job, worker, argv),
    contained: true,
  };
}
