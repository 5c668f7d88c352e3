import { type Arg, GPU_MEMORY } from '../argument.ts';
import { givenFlags } from '../config/compat/given-flags.ts';
import type { Job } from '../config/job.ts';
import type { RoleConfig } from '../config/schema/role.ts';
import { dashed } from '../config/text/dashed.ts';
import type { ConfigPath } from '../config/yaml/source-range.ts';
import type { MemoryArgument } from '../engines/engine.ts';
import { engineOf } from '../engines/engines.ts';
import type { PlacedWorker } from '../engines/worker.ts';

/**
 * The part of a worker's share that its weights and KV cache may take. The rest is for CUDA's context, CUDA graphs and
 * activations, which no engine's argument bounds.
 */
const STATIC = 0.85;

/** What a node needs to know to give a worker its part of a GPU; `take_share` of gpu-share.sh takes it. */
export interface GpuShare {
  /** Number of the GPU on its node. */
  readonly gpu: number;
  /** Thousandths of the GPU's memory that are for its weights and KV cache. */
  readonly budget: number;
  readonly of: MemoryArgument['of'];
  /** The value of the argument if the workers before it take just what is theirs. */
  readonly planned: string;
  readonly loaded: string;
  /** Path of the model, whose weights the node measures. */
  readonly model: string;
}

/** Undefined for a worker whose GPUs are its own, and for one whose engine uses no GPU memory. */
export function gpuShare(job: Job, { config, gpus, share }: PlacedWorker): GpuShare | undefined {
  const { memory } = engineOf(job, config);
  const [gpu] = gpus;
  if (share === undefined || memory === undefined || gpu === undefined) return undefined;
  const { of, loaded } = memory;
  return {
    gpu,
    budget: Math.round(share.part * STATIC * 1000),
    of,
    planned: String(plannedFraction(share, of)),
    loaded,
    model: job.model.path,
  };
}

/** Whether no worker before it has a part of its GPU, so that its GPUs count. */
export function startsGpu({ share }: Pick<PlacedWorker, 'share'>): boolean {
  return share === undefined || share.before === 0;
}

/** The words that tell a worker how much of its GPU is its own, unless the config does. */
export function memoryWords(job: Job, worker: PlacedWorker): readonly Arg[] {
  const { memory } = engineOf(job, worker.config);
  const share = gpuShare(job, worker);
  if (!memory || !share || givenMemory(worker, memory) !== undefined) return [];
  return [memory.flag, memory.of === 'gpu' ? share.planned : [GPU_MEMORY]];
}

/** The value of the memory argument for a part of a GPU, to three digits. */
export function plannedFraction(
  { part, before }: NonNullable<PlacedWorker['share']>,
  of: MemoryArgument['of'],
): number {
  const whole = of === 'gpu' ? 1 : 1 - before;
  return Math.floor((part * STATIC * 1000) / whole + 1e-6) / 1000;
}

/** A value of the memory argument in the config, with its place; `value` is undefined where its map is given without it. */
export function givenMemory(
  { role, config }: Pick<PlacedWorker, 'role'> & { readonly config: RoleConfig },
  { flag, key: [first = '', second] }: MemoryArgument,
): { readonly path: ConfigPath; readonly value: unknown } | undefined {
  const flags = givenFlags(role, config).filter(({ value }) => value !== false && value !== null);
  const own = flags.findLast(({ name }) => name === dashed(flag.slice(2)) || (!second && name === first));
  if (own) return own;
  const map = second === undefined ? undefined : flags.findLast(({ name }) => name === dashed(first));
  if (!second || typeof map?.value !== 'object' || map.value === null) return undefined;
  const [name, value] = Object.entries(map.value).find(([key]) => dashed(key) === dashed(second)) ?? [];
  return { path: [...map.path, ...(name === undefined ? [] : [name])], value };
}
