import { DynSlurmError } from '../../../errors.ts';
import { type LocalGpu, obstacleOf } from '../../../rehearsal/machine/gpus.ts';
import { lookAtGpus } from '../../../rehearsal/machine/look.ts';
import type { World } from '../../world.ts';

/** The GPUs of this machine. */
export interface FreeGpus {
  readonly all: readonly LocalGpu[];
  readonly gpus: readonly LocalGpu[];
  readonly busy: readonly { readonly gpu: LocalGpu; readonly why: string }[];
  /** More keys of the machine's cluster profile. */
  readonly profile: string;
}

/**
 * The GPUs of this machine, those of one model as the first that is free. `claims`: runs that have GPUs, by their UUIDs.
 * @throws DynSlurmError `preflight` where none is free
 */
export async function freeGpus(
  claims: ReadonlyMap<string, string>,
  world: World,
  profile = '',
): Promise<FreeGpus> {
  const all = await lookAtGpus(world.env, world.signal);
  const looked = all.map((gpu) => ({ gpu, why: obstacleOf(gpu, claims) }));
  const [first] = looked.flatMap(({ gpu, why }) => (why === undefined ? [gpu] : []));
  const judged = looked.map(({ gpu, why }) => ({
    gpu,
    why: why ?? (gpu.name === first?.name ? undefined : `is of another model, ${gpu.name}`),
  }));
  const busy = judged.flatMap(({ gpu, why }) => (why === undefined ? [] : [{ gpu, why }]));
  const gpus = judged.flatMap(({ gpu, why }) => (why === undefined ? [gpu] : []));
  if (gpus.length > 0) return { all, gpus, busy, profile };
  const lines = busy.map(({ gpu, why }) => `  GPU ${gpu.index} ${why}`);
  throw new DynSlurmError('preflight', ['no GPU of this machine is free', ...lines].join('\n'), {
    hint: hintFor(busy),
  });
}

function hintFor(busy: FreeGpus['busy']): string {
  const why = busy.map((one) => one.why).join();
  if (why.includes('run ')) return 'end a run with `dyn-slurm cancel`, or wait for its end';
  if (why.includes('MIG')) return 'an administrator turns MIG mode off with `nvidia-smi -i GPU -mig 0`';
  return 'end these processes, or wait for their end';
}
