import { type JobId, jobNumber, slurmCluster } from './job-id.ts';

/** What a job that runs has. */
export interface Allocated {
  /** Seconds until its time limit; undefined where it has none. */
  readonly left?: number;
  /** Nodes that have equally much of everything. */
  readonly groups: readonly {
    /** `node[1-4]` */
    readonly nodes: string;
    /** On each of them. */
    readonly gpus: number;
  }[];
}

export function allocatedCommand(job: JobId): readonly string[] {
  const cluster = slurmCluster(job);
  const clusters = cluster === undefined ? [] : [`--clusters=${cluster}`];
  return ['scontrol', ...clusters, '--details', 'show', 'job', jobNumber(job)];
}

/** From the words of scontrol, `Nodes=node[1-4] CPU_IDs=0-63 Mem=448000 GRES=gpu:h100:8(IDX:0-7)` among them. */
export function parseAllocated(stdout: string): Allocated {
  const ran = seconds(/\bRunTime=(\S+)/.exec(stdout)?.[1]);
  const limit = seconds(/\bTimeLimit=(\S+)/.exec(stdout)?.[1]);
  const groups = [...stdout.matchAll(/\bNodes=(\S+) CPU_IDs=\S* .*?\bGRES(?:_IDX)?=(\S*)/g)];
  return {
    ...(ran !== undefined && limit !== undefined && { left: limit - ran }),
    groups: groups.map(([, nodes = '', gres = '']) => ({ nodes, gpus: gpusIn(gres) })),
  };
}

/** `gpu:h100:4(IDX:0-3),gpu:a100:4(IDX:4-7)`: of all types. */
function gpusIn(gres: string): number {
  const counts = [...gres.matchAll(/(?:^|,)gpu(?::[^:(,]+)?:(\d+)/g)];
  return counts.reduce((sum, [, number]) => sum + Number(number), 0);
}

/** `1-02:03:04`, `00:10:00`; undefined for `UNLIMITED`. */
function seconds(text = ''): number | undefined {
  const [, days, hours, minutes, rest] = /^(?:(\d+)-)?(\d+):(\d+):(\d+)$/.exec(text) ?? [];
  if (rest === undefined) return undefined;
  return ((Number(days ?? 0) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(rest);
}
