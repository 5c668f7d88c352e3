import type { Job } from '../../config/job.ts';
import { gpuModel } from '../../config/schema/gpu.ts';
import { error, type Problem, warning } from '../../config/yaml/problem.ts';
import type { MemoryArgument } from '../../engines/engine.ts';
import { engineOf } from '../../engines/engines.ts';
import type { PlacedWorker } from '../../engines/worker.ts';
import { givenMemory, plannedFraction } from '../gpu-share.ts';
import type { Placement } from '../placement.ts';

/** GB of a GPU that CUDA's context, kernels and the smallest of engines take. */
const LEAST = 3;

/** Workers that share a GPU leave each other the memory that is theirs. */
export function* checkGpuShares(job: Job, placement: Placement): Generator<Problem> {
  const seen = new Set<string>();
  for (const worker of placement.workers) {
    const { role, config, share } = worker;
    if (share === undefined) continue;
    const { memory, title } = engineOf(job, config);
    const wrong = memory && givenTooMuch({ ...worker, share }, memory, title);
    // The others of the role have the same arguments.
    if (wrong && !seen.has(role)) yield wrong;
    const gb = gpuModel(job.gpu)?.memory;
    const small = gb !== undefined && share.part * gb < LEAST;
    if (small && !seen.has(role))
      yield error(
        [role, 'gpu_share'],
        `${share.part} of ${gb} GB are ${round(share.part * gb)} GB, less than CUDA and an engine need for themselves`,
        `use ${Math.ceil((LEAST / gb) * 100) / 100} or more`,
      );
    if (wrong || small) seen.add(role);
  }
  yield* checkLeftOver(placement);
}

/** The config gives the memory argument itself, and more than the share. */
function givenTooMuch(
  worker: PlacedWorker & { readonly share: NonNullable<PlacedWorker['share']> },
  memory: MemoryArgument,
  title: string,
): Problem | undefined {
  const { role, share } = worker;
  const given = givenMemory(worker, memory);
  if (given === undefined) return undefined;
  const { key, of } = memory;
  const most = plannedFraction(share, of);
  const remove = `remove it, and dyn-slurm gives each worker what is its own; or use ${most} or less`;
  if (given.value === undefined)
    return error(
      given.path,
      `${role} workers share a GPU, and ${title} takes 0.9 of what is free where ${key.join('.')} is not set`,
      `set ${key.at(-1)}: ${most} here, or remove ${key[0]}`,
    );
  const value = Number(given.value);
  const whole = of === 'gpu' ? 1 : 1 - share.before;
  const taken = value * whole;
  if (!Number.isFinite(value) || taken <= share.part + 1e-9) return undefined;
  const base =
    whole < 1
      ? `of what the workers before it leave free, so ${round(taken)} of the GPU,`
      : 'of the whole GPU,';
  return {
    ...error(given.path, `is ${value} ${base} but ${role}.gpu_share is ${share.part}`, remove),
    related: [role, 'gpu_share'],
  };
}

/** GPUs whose shares do not add up to 1, which nobody else gets. */
function* checkLeftOver({ workers }: Placement): Generator<Problem> {
  const last = new Map<string, PlacedWorker & { readonly share: NonNullable<PlacedWorker['share']> }>();
  for (const worker of workers)
    if (worker.share) last.set(`${worker.nodes[0]} ${worker.gpus[0]}`, { ...worker, share: worker.share });
  const left = [...last.values()].map(({ share }) => 1 - share.part - share.before);
  const most = Math.max(0, ...left);
  const [worker] = last.values();
  if (worker === undefined || most < 0.1) return;
  yield warning(
    [worker.role, 'gpu_share'],
    `the shares of a GPU add up to ${round(1 - most)}: the rest of it stays unused`,
    'use larger shares or more workers',
  );
}

const round = (value: number): number => Math.round(value * 1000) / 1000;
