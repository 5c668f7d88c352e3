import { GPUS } from '../../config/schema/gpu.ts';

/** A GPU of this machine, as nvidia-smi knows it. */
export interface LocalGpu {
  /** By PCI bus. */
  readonly index: number;
  readonly uuid: string;
  /** `NVIDIA H200`. */
  readonly name: string;
  /** MiB; NaN where nvidia-smi does not say, as on machines whose GPU shares the CPU's memory. */
  readonly memory: number;
  readonly used: number;
  /** In MIG mode a process sees a slice only. */
  readonly mig: boolean;
  readonly processes: readonly GpuProcess[];
}

/** A process that has memory of a GPU. */
export interface GpuProcess {
  readonly pid: number;
  readonly name: string;
  /** MiB; NaN where the driver does not say. */
  readonly used: number;
}

/** What nvidia-smi is asked: https://docs.nvidia.com/deploy/nvidia-smi/index.html */
export const GPU_QUERY = [
  '--query-gpu=index,uuid,name,memory.total,memory.used,mig.mode.current',
  '--format=csv,noheader,nounits',
] as const;
export const PROCESS_QUERY = [
  '--query-compute-apps=gpu_uuid,pid,process_name,used_memory',
  '--format=csv,noheader,nounits',
] as const;

/** Reads what nvidia-smi answers to both. */
export function readGpus(gpus: string, processes: string): readonly LocalGpu[] {
  const running = rows(processes).map(([uuid, pid, name = '', used]) => ({
    uuid,
    process: { pid: Number(pid), name: name.replace(/.*\//, ''), used: Number(used) },
  }));
  return rows(gpus).flatMap(([index = '', uuid = '', name = '', memory, used, mig]) =>
    /^\d+$/.test(index)
      ? [
          {
            index: Number(index),
            uuid,
            name,
            memory: Number(memory),
            used: Number(used),
            mig: mig === 'Enabled',
            processes: running.filter((one) => one.uuid === uuid).map(({ process }) => process),
          },
        ]
      : [],
  );
}

const rows = (text: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.split(',').map((field) => field.trim()));

/**
 * Those that CUDA_VISIBLE_DEVICES leaves, in its order: numbers or beginnings of UUIDs, up to the first that is none. All
 * without the variable. https://docs.nvidia.com/cuda/cuda-c-programming-guide/index.html#env-vars
 */
export function visibleGpus(gpus: readonly LocalGpu[], visible: string | undefined): readonly LocalGpu[] {
  if (visible === undefined) return gpus;
  const chosen: LocalGpu[] = [];
  for (const word of visible.split(',').map((one) => one.trim())) {
    const found = gpus.find(({ index, uuid }) =>
      /^\d+$/.test(word) ? index === Number(word) : word.startsWith('GPU-') && uuid.startsWith(word),
    );
    if (found === undefined || chosen.includes(found)) break;
    chosen.push(found);
  }
  return chosen;
}

/** MiB that a GPU may have in use and still count as free: the driver's own, and what monitors such as DCGM take. */
const USED_MOST = 4096;

/** Why a GPU cannot be had; undefined where it can. `claims`: what has a GPU, by its UUID. */
export function obstacleOf(gpu: LocalGpu, claims: ReadonlyMap<string, string>): string | undefined {
  const claim = claims.get(gpu.uuid);
  if (claim !== undefined) return `is in use by ${claim}`;
  if (gpu.mig) return 'is in MIG mode, in which a process sees a slice only';
  if (!(gpu.used > USED_MOST)) return undefined;
  const who = gpu.processes.map(({ pid, name, used }) => {
    const what = Number.isNaN(used) ? '' : ` with ${used} MiB`;
    return `${name} (process ${pid})${what}`;
  });
  const named = who.length === 0 ? 'of processes that nvidia-smi does not show' : who.join(', ');
  return `has ${gpu.used} of ${gpu.memory} MiB in use: ${named}`;
}

/** The name that configs have for a GPU of that name; `any` for one that the table of GPUs does not know. */
export function modelOf(name: string): string {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  return Object.keys(GPUS).find((model) => model !== 'any' && words.includes(model)) ?? 'any';
}
