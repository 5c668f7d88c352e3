import { type Arg, LOCAL_DIR, RUN_DIR } from '../argument.ts';
import type { Job } from '../config/job.ts';
import { jobEngine } from '../engines/engines.ts';
import type { PlacedWorker } from '../engines/worker.ts';
import { frontendOf } from '../frontends/frontends.ts';
import { reachedAt } from './exposure.ts';
import { portPart } from './movable-ports.ts';
import type { PortUse, StepBody } from './plan.ts';
import { workerPort } from './ports.ts';
import { processesOf, stepOf } from './step-body.ts';

/** The step that samples metrics. It starts once there are any: when the service is ready. */
export const METRICS = 'metrics';

const FIELDS =
  'timestamp,index,utilization.gpu,utilization.memory,memory.used,memory.total,power.draw,clocks.sm,temperature.gpu';
/** Fields of dcgmi: utilization, memory used, power, SM clock, temperature, and how busy SMs and tensor cores are. */
const DCGM_FIELDS = '203,252,155,100,150,1002,1004';

/** What AMD's tool tells: https://rocm.docs.amd.com/projects/amdsmi/en/latest/how-to/amdsmi-cli-tool.html */
const AMD_FIELDS = ['--power-usage', '--gfx', '--mem', '--vram-usage'];

/** The programs that log GPUs, every so many seconds. */
const GPU_LOGS: Readonly<
  Record<
    Exclude<Job['observe']['gpu_log'], 'none'>,
    (seconds: number) => Pick<StepBody, 'argv'> & Partial<StepBody>
  >
> = {
  'nvidia-smi': (seconds) => ({
    argv: ['nvidia-smi', `--query-gpu=${FIELDS}`, '--format=csv,nounits', '-l', String(seconds)],
  }),
  dcgmi: (seconds) => ({ argv: ['dcgmi', 'dmon', '-e', DCGM_FIELDS, '-d', String(seconds * 1000)] }),
  // It is a Python program, which holds back what it prints into a file.
  'amd-smi': (seconds) => ({
    argv: ['amd-smi', 'monitor', ...AMD_FIELDS, '--watch', String(seconds), '--csv'],
    env: { PYTHONUNBUFFERED: '1' },
  }),
};

const MONITOR = { kind: 'monitor', contained: false } as const;

/** What only watches: the GPUs of the workers' nodes, and the metrics of `services`. It runs on the host. */
export function monitorSteps(
  job: Job,
  workers: readonly PlacedWorker[],
  services: readonly StepBody[],
): readonly StepBody[] {
  return [...gpuLog(job, workers), ...metricsLog(job, services)];
}

/** On every node that has workers with GPUs. */
function gpuLog(job: Job, workers: readonly PlacedWorker[]): readonly StepBody[] {
  const { gpu_log: program, interval } = job.observe;
  if (program === 'none') return [];
  const nodes = new Set(workers.filter(({ gpus }) => gpus.length > 0).flatMap((worker) => worker.nodes));
  if (nodes.size === 0) return [];
  return [
    stepOf({
      ...MONITOR,
      name: 'gpu',
      nodes: [...nodes].toSorted((a, b) => a - b),
      ...GPU_LOGS[program](interval),
    }),
  ];
}

/** The port and path of a kind of step's metrics; for a worker, of each process that serves. */
function metricsPort(job: Job, kind: StepBody['kind']): PortUse | undefined {
  if (kind === 'frontend') return frontendOf(job).metrics;
  return kind === 'worker' ? workerPort(job) : undefined;
}

/** One process on the head node asks all of them. */
function metricsLog(job: Job, services: readonly StepBody[]): readonly StepBody[] {
  const { metrics: interval } = job.observe;
  if (interval === 'none') return [];
  const path = jobEngine(job).metricsPath;
  const targets = services.flatMap((step): readonly Arg[] =>
    processesOf(step).flatMap(({ name, kind, nodeIndex, nodeRank, ports }) => {
      const port = metricsPort(job, kind);
      const found = ports.find(({ use }) => use === port);
      if (found === undefined || nodeRank >= (step.serving ?? 1)) return [];
      const address = [reachedAt(found.use, job, nodeIndex), ':', portPart(found.use, found.port, job)];
      return [[`${name}=`, ...address, ...(path === undefined || kind !== 'worker' ? [] : [path])]];
    }),
  );
  const argv = ['bash', [RUN_DIR, '/runtime/metrics.sh'], String(interval), [LOCAL_DIR], ...targets];
  return [stepOf({ ...MONITOR, name: METRICS, argv })];
}
