import { readFileSync } from 'node:fs';
import { DynSlurmError } from '../errors.ts';
import type { Environment } from '../host/environment.ts';
import type { Plan } from '../plan/plan.ts';
import { CPU_ENGINE, ENGINES } from './engines/catalog.ts';
import { enginePlace, findEngine } from './engines/place.ts';
import { nodeEngineVariables } from './slurm/engine.ts';

/** Memory that one worker takes at most while it serves, GiB: three processes of about 1 GiB each. */
const OF_WORKER = 3;

/**
 * The variables with which the stand-in for Slurm runs a plan's workers on this machine's CPU.
 * @throws DynSlurmError `preflight` where the engine is not installed, or memory is short
 */
export function cpuVariables(
  { workers }: Plan,
  world: { readonly env: Environment; readonly home: string; readonly packageRoot: string },
): Environment {
  const { title } = ENGINES[CPU_ENGINE];
  const engine = findEngine(enginePlace(CPU_ENGINE, world));
  if (engine === undefined)
    throw new DynSlurmError('preflight', `${title} is not installed`, {
      hint: `\`dyn-slurm setup --engine ${CPU_ENGINE}\` installs it, with 3 GB of downloads`,
    });
  const free = availableMemory();
  const needed = OF_WORKER * workers.length;
  if (free < needed)
    throw new DynSlurmError(
      'preflight',
      `${title} needs about ${OF_WORKER} GiB of memory for each worker, ${needed} GiB for ${workers.length}; ${free.toFixed(1)} GiB are available`,
      { hint: 'use fewer workers, with `--set ROLE.workers=1`, or end other programs' },
    );
  return nodeEngineVariables({ kind: 'cpu', python: engine.python });
}

/** GiB that programs can still take without swapping. */
function availableMemory(): number {
  const kib = /^MemAvailable: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return kib === undefined ? Number.POSITIVE_INFINITY : Number(kib) / 2 ** 20;
}

/** What is not real about workers on the CPU; each as a short sentence. */
export const UNREAL_ON_CPU = [
  'the model: two layers of random weights, with a tokenizer of 2,000 tokens',
  'GPUs: each worker is one process on the CPU, with at most 8 GiB of private memory; its speed says nothing about GPUs',
];
