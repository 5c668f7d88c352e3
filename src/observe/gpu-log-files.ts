import { join } from 'node:path/posix';
import type { Host } from '../host/host.ts';
import type { ObservedEvent } from '../run/events.ts';
import type { PlanFile } from '../run/plan-file.ts';
import { type GpuSample, logBegan, parseGpuCsv, sampleInterval } from './gpu-log.ts';

/** What a node's GPUs did, by `gpu.NODE.csv` of an attempt. */
export interface GpuLog {
  /** As the file has it. */
  readonly node: string;
  readonly samples: readonly GpuSample[];
  /** When the step that writes it was started, by the head node's clock; milliseconds since 1970. */
  readonly started: number;
  /** When its first sample was taken, by the node's; milliseconds since 1970. */
  readonly began: number;
}

/** Reads those among `names` of a folder of logs. */
export async function readGpuLogs(
  host: Host,
  { folder, names }: { readonly folder: string; readonly names: readonly string[] },
  { plan, events }: { readonly plan: PlanFile | undefined; readonly events: readonly ObservedEvent[] },
): Promise<readonly GpuLog[]> {
  const step = events.findLast((event) => event.kind === 'step-started' && event.step === 'gpu');
  const started = Date.parse(step?.time ?? events[0]?.time ?? '') || 0;
  const interval = sampleInterval(plan?.processes.find(({ name }) => name === 'gpu')?.argv ?? []);
  const logs = names.map(async (name): Promise<readonly GpuLog[]> => {
    const node = /^gpu\.(.+)\.csv$/.exec(name)?.[1];
    const text = node === undefined ? undefined : await host.readText(join(folder, name));
    if (node === undefined || text === undefined) return [];
    return [{ node, samples: parseGpuCsv(text, interval), started, began: logBegan(text, started) }];
  });
  return (await Promise.all(logs)).flat();
}
