import type { GpuLog } from '../observe/gpu-log-files.ts';
import type { ObservedEvent } from '../run/events.ts';
import { shortName } from '../run/node-name.ts';
import type { PlanFile } from '../run/plan-file.ts';
import type { PowerSample } from './energy.ts';

/** Power of each GPU that a worker of the run has, over the run; or why it is not known. */
export type GpuPower = readonly (readonly PowerSample[])[] | string;

export const NO_GPU_LOG = 'observe.gpu_log is none';

/** By the logs of the last attempt: only GPUs of the run's workers count, whatever else a node shows. */
export function gpuPower(
  plan: PlanFile | undefined,
  events: readonly ObservedEvent[],
  logs: readonly GpuLog[],
): GpuPower {
  if (!plan?.processes.some(({ name }) => name === 'gpu')) return NO_GPU_LOG;
  const bound = events.findLast((event) => event.kind === 'nodes-bound');
  const all: (readonly PowerSample[])[] = [];
  for (const { index } of plan.nodes) {
    const held = new Set(plan.workers.flatMap(({ nodes, gpus }) => (nodes.includes(index) ? gpus : [])));
    if (held.size === 0) continue;
    const name = bound?.nodes.find((node) => node.index === index)?.host;
    const log = logs.find(({ node }) => name !== undefined && shortName(node) === shortName(name));
    if (log === undefined) return `node ${name ?? index} has no log of its GPUs`;
    const { samples, began } = log;
    for (const gpu of held) {
      const own = samples.flatMap((sample) =>
        sample.gpu === gpu && sample.power !== null && sample.power > 0
          ? [{ time: began + sample.seconds * 1000, watts: sample.power }]
          : [],
      );
      if (own.length === 0) return `the log of node ${name ?? index} has no power of GPU ${gpu}`;
      all.push(own);
    }
  }
  return all.length === 0 ? 'no worker has a GPU' : all;
}
