import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../host/environment.ts';
import { isOver } from './job-record.ts';
import { readJob } from './job-store.ts';
import type { StateDir } from './state-dir.ts';

/** A GPU of this machine that a job may have. */
export interface OfferedGpu {
  /** By PCI bus, as nvidia-smi counts. */
  readonly index: number;
  readonly uuid: string;
}

/** The variable with which a job with a real engine is offered GPUs: JSON, a list of `OfferedGpu`. */
const OFFERED = 'DYN_SLURM_STANDIN_GPUS';

export function offeredGpus(env: Environment): readonly OfferedGpu[] {
  return JSON.parse(env[OFFERED] || '[]') as readonly OfferedGpu[];
}

export function gpuVariables(gpus: readonly OfferedGpu[]): Readonly<Record<string, string>> {
  return { [OFFERED]: JSON.stringify(gpus.map(({ index, uuid }) => ({ index, uuid }))) };
}

// gpus/UUID holds the number of the job that has the GPU.

/** Takes so many of the offered GPUs for a job, which has them until it is over; undefined where others were faster. */
export function claimGpus(
  standIn: StateDir,
  job: number,
  count: number,
  offered: readonly OfferedGpu[],
): readonly OfferedGpu[] | undefined {
  const taken: OfferedGpu[] = [];
  for (const gpu of offered) {
    if (taken.length === count) break;
    if (claim(standIn, gpu.uuid, job)) taken.push(gpu);
  }
  if (taken.length === count) return taken;
  for (const { uuid } of taken) rmSync(claimFile(standIn, uuid), { force: true });
  return undefined;
}

/** By UUID the jobs that have GPUs of this machine, as `run NAME`. */
export function gpuClaims(standIn: StateDir): ReadonlyMap<string, string> {
  const folder = join(standIn.dir, 'gpus');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return new Map(
    readdirSync(folder).flatMap((uuid): [string, string][] => {
      const holder = holderOf(standIn, uuid);
      return holder === undefined ? [] : [[uuid, holder]];
    }),
  );
}

function claim(standIn: StateDir, uuid: string, job: number): boolean {
  const file = claimFile(standIn, uuid);
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
  if (holderOf(standIn, uuid) === undefined) rmSync(file, { force: true });
  try {
    writeFileSync(file, String(job), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined where no job has it, or not any more. */
function holderOf(standIn: StateDir, uuid: string): string | undefined {
  let holder: number;
  try {
    holder = Number(readFileSync(claimFile(standIn, uuid), 'utf8'));
  } catch {
    return undefined;
  }
  const job = readJob(standIn, holder);
  if (!job || isOver(job)) return undefined;
  const [, run] = /dyn-slurm:(\S+)/.exec(job.comment ?? '') ?? [];
  return run === undefined ? `job ${holder}` : `run ${run}`;
}

function claimFile({ dir }: StateDir, uuid: string): string {
  return join(dir, 'gpus', uuid);
}
