import type { Job } from '../config/job.ts';
import type { Step } from './plan.ts';
import type { PlacedWorker } from './worker.ts';

const FIELDS =
  'timestamp,index,utilization.gpu,utilization.memory,memory.used,memory.total,power.draw,clocks.sm,temperature.gpu';
/** Of dcgmi: utilization, memory used, power, SM clock, temperature, and how busy SMs and tensor cores are. */
const DCGM_FIELDS = '203,252,155,100,150,1002,1004';

/** The log of GPU utilization, on every node that has workers with GPUs. It runs on the host, as drivers do. */
export function monitorSteps(job: Job, workers: readonly PlacedWorker[]): readonly Step[] {
  const { gpu_log: program, interval } = job.observe;
  const nodes = new Set(workers.filter(({ gpus }) => gpus.length > 0).flatMap((worker) => worker.nodes));
  if (program === 'none' || nodes.size === 0) return [];
  return [
    {
      name: 'gpu',
      kind: 'monitor',
      role: null,
      worker: null,
      nodes: [...nodes].toSorted((a, b) => a - b),
      gpus: [],
      argv:
        program === 'nvidia-smi'
          ? ['nvidia-smi', `--query-gpu=${FIELDS}`, '--format=csv,nounits', '-l', String(interval)]
          : ['dcgmi', 'dmon', '-e', DCGM_FIELDS, '-d', String(interval * 1000)],
      env: {},
      secrets: {},
      ports: [],
      contained: false,
    },
  ];
}
