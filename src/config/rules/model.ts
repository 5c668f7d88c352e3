import { hostPath } from '../expectations.ts';
import { containerOf } from '../job.ts';
import type { ClusterProfile } from '../schema/cluster-schema.ts';
import type { JobConfig } from '../schema/job-schema.ts';
import { needsGpu, ROLES, type Role } from '../schema/role.ts';
import { alternatives } from '../text/suggestion.ts';
import { error, type Problem } from '../yaml/problem.ts';
import { quoted } from '../yaml/source-range.ts';

const PATH = ['model', 'path'];
const ROOT = 'write the absolute path of the folder, such as /lustre/models/Qwen3-32B';

/** A name of the Hugging Face hub: `ORG/NAME`. */
const HUB = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;

/**
 * The model is a path that means the same everywhere, or a name of the Hugging Face hub whose files the workers find. `job`
 * has its aliases resolved.
 */
export function* checkModel(job: JobConfig, cluster: ClusterProfile): Generator<Problem> {
  const { path } = job.model;
  const wrong = pathFault(path);
  if (wrong) yield { severity: 'error', path: PATH, ...wrong };
  else if (HUB.test(path)) yield* checkHub(job, cluster);
}

function pathFault(path: string): { readonly message: string; readonly hint: string } | undefined {
  if (path.startsWith('~'))
    return { message: `the "~" in ${quoted(path)} is not expanded on the nodes`, hint: ROOT };
  if (path.includes('$'))
    return { message: `the variable in ${quoted(path)} is not expanded on the nodes`, hint: ROOT };
  if (path.startsWith('/')) return undefined;
  const relative = path.startsWith('.') || (path.includes('/') && !HUB.test(path));
  // What has no "/" is an alias that nobody knows.
  if (!relative) return undefined;
  return {
    message: `is a relative path, but a job's working folder is its run folder: ${quoted(path)}`,
    hint: ROOT,
  };
}

/** Variables that name a cache of the hub, which its libraries read in this order. */
const CACHES = ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_HOME'];
const OFFLINE = ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'];

/**
 * Without a cache that outlives it, each worker downloads the model itself, if its node reaches the hub at all: in a container
 * as many times as there are processes, and again at each start, which is an error. What a preamble sets is not looked into.
 */
function* checkHub(job: JobConfig, cluster: ClusterProfile): Generator<Problem> {
  const contained = containerOf(job, cluster) !== undefined;
  if (CACHES.some((name) => cluster.preamble.includes(name))) return;
  const owners = [...ROLES.filter((role) => job[role] && needsGpu(role)), 'frontend'] as const;
  const without = owners.filter((owner) => cacheOf(job, owner) === undefined);
  const offline = owners.find((owner) => OFFLINE.some((name) => isOn(job[owner]?.env[name])));
  const name = quoted(job.model.path);
  const folder = `/lustre/models/${job.model.path.split('/')[1]}`;
  const hint = `write the path of a folder, such as ${folder}; or set HF_HOME in the env of ${alternatives([...owners], 'and')} to a folder that all nodes see${contained ? ', and mount it' : ''}`;
  if (without.length > 0) {
    const who = without.length === owners.length ? '' : ` of ${alternatives(without, 'and')}`;
    yield {
      severity: contained || (offline !== undefined && without.includes(offline)) ? 'error' : 'warning',
      path: PATH,
      message:
        offline !== undefined && without.includes(offline)
          ? `${name} is a Hugging Face model ID, but ${offline}.env forbids access to the hub, and no HF_HOME says where its files are`
          : `${name} is a Hugging Face model ID, but no HF_HOME${who} says where its files are: each process downloads them when it starts${contained ? ' into its container' : ''}`,
      hint,
    };
  }
  for (const owner of owners) {
    const cache = cacheOf(job, owner);
    if (!contained || cache === undefined || hostPath(cache.value, job, cluster) !== undefined) continue;
    yield error(
      [owner, 'env', cache.name],
      `${quoted(cache.value)} is not mounted, so the container starts with an empty cache`,
      `add ${cache.value}:${cache.value} to container.mounts`,
    );
  }
}

function cacheOf(
  job: JobConfig,
  owner: Role | 'frontend',
): { readonly name: string; readonly value: string } | undefined {
  for (const name of CACHES) {
    const value = job[owner]?.env[name];
    if (typeof value === 'string' && value !== '') return { name, value };
  }
  return undefined;
}

function isOn(value: unknown): boolean {
  return ['1', 'true', 'yes', 'on'].includes(String(value).toLowerCase());
}
