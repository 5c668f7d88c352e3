import { type Arg, KERNELS, RUNS_DIR } from '../argument.ts';
import { containerOf, type Job } from '../config/job.ts';
import { engineOf } from '../engines/engines.ts';
import type { PlacedWorker } from '../engines/worker.ts';
import { fnv1a } from './image.ts';

/** Where an engine keeps compiled kernels for later starts. */
export interface KernelCache {
  /** For one engine in one image on one GPU model: what is compiled for another might be taken for the right one. */
  readonly folder: Arg;
  /** The variables that lead the engine and its compilers to what the node makes of the folder. */
  readonly env: Readonly<Record<string, Arg>>;
}

/** Undefined where the cluster profile says so, and for an engine that compiles nothing. */
export function kernelCache(job: Job, { role, config, gpus }: PlacedWorker): KernelCache | undefined {
  const { kernel_cache: root } = job.cluster;
  const { type, release, kernelCaches, settings } = engineOf(job, config);
  if (root === false || gpus.length === 0 || Object.keys(kernelCaches).length === 0) return undefined;
  const parent = root === undefined ? [RUNS_DIR, '/.kernels'] : [root.replace(/(?<=.)\/+$/, '')];
  const engine = [type, release(job)].filter((part) => part !== '').join('-');
  const image = containerOf(job, job.cluster)?.image;
  // Under the names that the engine's release knows.
  const { env } = settings({ args: {}, env: kernelCaches }, role, job);
  return {
    folder: [...parent, `/${engine}/${job.gpu}/${image === undefined ? 'host' : imageName(image)}`],
    env: Object.fromEntries(Object.entries(env).map(([name, part]) => [name, [KERNELS, `/${part}`]])),
  };
}

/** What people can read of an image's name, and a hash of it all. */
function imageName(image: string): string {
  const readable = image
    .replace(/.*\//, '')
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .slice(-60);
  return `${readable}-${fnv1a(image)}`.replace(/^[.-]/, '_');
}
