import { type GivenFlag, givenFlags } from '../config/compat/given-flags.ts';
import { containerOf, type Job } from '../config/job.ts';
import { gpuModel, gpusPerNode } from '../config/schema/gpu.ts';
import { needsGpu, rolesOf } from '../config/schema/role.ts';
import { engineOf } from '../engines/engines.ts';
import { workerSize } from './sizing.ts';

/**
 * The folder to mount for a model at a path. The files of a snapshot in a Hugging Face cache are links to `../../blobs`, so
 * that its model's whole folder has to be there.
 */
export function modelMount(path: string): string {
  return /^(.*\/models--[^/]+)\/snapshots\/[^/]+\/*$/.exec(path)?.[1] ?? path;
}

/** What `look_at_model` of model.sh takes; undefined for a model that is not a path. */
export function modelCheck(job: Job): readonly string[] | undefined {
  const { path } = job.model;
  if (!path.startsWith('/')) return undefined;
  const workers = rolesOf(job).filter(([role, config]) => needsGpu(role) && engineOf(job, config).loadsModel);
  const engines = workers.map(([role, config]) => givenFlags(role, config));
  const memory = leastMemory(
    job,
    workers.filter((_, index) => loadsFiles(engines[index] ?? [])),
  );
  const needs = [
    ...(engines.some(loadsFiles) ? ['weights'] : []),
    ...(engines.some(readsTokenizer) ? ['tokenizer'] : []),
    ...(memory === undefined ? [] : [`gb:${memory}`]),
  ];
  return [needs.join(',') || 'config', path, ...mounted(job)];
}

/** GB on the GPUs of the smallest worker; undefined without a worker, and where the table of GPUs does not tell. */
function leastMemory(job: Job, workers: ReturnType<typeof rolesOf>): number | undefined {
  const each = gpuModel(job.gpu)?.memory;
  const perNode = gpusPerNode(job.gpu, job.cluster);
  if (each === undefined || perNode === undefined || workers.length === 0) return undefined;
  const gpus = workers.map(
    ([role, config]) => workerSize(role, config, perNode).gpus * (config.gpu_share ?? 1),
  );
  return Math.round(each * Math.min(...gpus));
}

/** Formats in which an engine reads weights out of the model's folder; others bring them from elsewhere, or make them up. */
const OF_FOLDER =
  'auto safetensors fastsafetensors pt npcache mistral bitsandbytes layered sharded_state'.split(' ');

const loadsFiles = (flags: readonly GivenFlag[]): boolean =>
  OF_FOLDER.includes(String(flags.find(({ name }) => name === 'load-format')?.value ?? 'auto'));

/** By the names of any engine. */
const readsTokenizer = (flags: readonly GivenFlag[]): boolean =>
  !flags.some(({ name, value }) => ELSEWHERE.includes(name) && value !== false && value !== null);
const ELSEWHERE = ['skip-tokenizer-init', 'tokenizer-path', 'tokenizer'];

/** Folders of the container that are the same inside and outside, where the model's links may lead. */
function mounted(job: Job): readonly string[] {
  const { model, cluster } = job;
  const container = containerOf(job, cluster);
  if (!container) return [];
  const same = [...cluster.mounts, ...container.mounts].flatMap((mount) => {
    const [outside = '', inside] = mount.split(':');
    return outside === inside ? [outside] : [];
  });
  return [modelMount(model.path), ...same];
}
