import type { GpuSample } from '../observe/gpu-log.ts';
import { type Columns, mean, thin } from './thin.ts';

/** The GPUs of one node over time. */
export interface GpuSeries {
  readonly node: string;
  /** `prefill`, `decode`: of the workers there. */
  readonly roles: readonly string[];
  readonly gpus: number;
  /** Means over the node's GPUs: percent busy, MiB of memory, watts. */
  readonly over: Columns;
}

const MOST = 800;

/** `began`: when the log did, milliseconds since 1970. Samples of one moment lie within a second. */
export function gpuSeries(
  node: string,
  roles: readonly string[],
  samples: readonly GpuSample[],
  began: number,
): GpuSeries {
  const moments = new Map<number, GpuSample[]>();
  for (const sample of samples) {
    const at = Math.round(sample.seconds);
    moments.set(at, [...(moments.get(at) ?? []), sample]);
  }
  const rows = [...moments].toSorted(([one], [other]) => one - other);
  const column = (field: 'busy' | 'memory' | 'power') =>
    rows.map(([, moment]) => mean(moment.map((sample) => sample[field])));
  return {
    node,
    roles,
    gpus: new Set(samples.map(({ gpu }) => gpu)).size,
    over: thin(
      rows.map(([seconds]) => began / 1000 + seconds),
      [column('busy'), column('memory'), column('power')],
      MOST,
    ),
  };
}
