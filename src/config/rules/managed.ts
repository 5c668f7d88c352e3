import tables from '../compat/managed-arguments.json' with { type: 'json' };
import { isBenchTool } from '../schema/bench.ts';
import type { JobConfig } from '../schema/job-schema.ts';
import { ROLES } from '../schema/role.ts';
import { argumentsOf } from '../schema/secrets.ts';
import { keyError, type Problem } from '../yaml/problem.ts';
import type { ConfigPath } from '../yaml/source-range.ts';

/**
 * Settings that dyn-slurm makes itself, by what makes each: a field's path, or words. Flags of etcd that make it the job's
 * own; variables by which processes find each other, or their node; and of the tools of benchmarks, in the releases that
 * plan/bench/tools.ts names.
 */
const SOURCES = new Map(
  Object.entries(tables).map(([owner, sources]) => [
    owner,
    new Map(
      Object.entries(sources).flatMap(([source, names]) => names.split(' ').map((name) => [name, source])),
    ),
  ]),
);

/** `NATS_TLS_INSECURE`, `DYN_TCP_TLS_KEY_PATH`, and as arguments of the frontend, `tcp-tls-key-path`. */
const TLS = /^(NATS_|DYN_TCP_|nats-|tcp-)(tls-(?!handshake)|TLS_(?!HANDSHAKE))/;

/** What makes a setting that dyn-slurm makes itself, an argument by its name with dashes; undefined where it is the user's. */
export function sourceOf(owner: keyof typeof tables, name: string): string | undefined {
  return isOfTls(name) ? 'infra.tls' : SOURCES.get(owner)?.get(name);
}

/** Whether `infra.tls` makes a setting, an argument by its name with dashes. */
export function isOfTls(name: string): boolean {
  return TLS.test(name);
}

/** The value that a setting has from its source, as text; undefined where only the running job knows. */
export function valueFrom(
  source: string,
  job: JobConfig,
  computed: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (Object.hasOwn(computed, source)) return computed[source];
  const value = source
    .split('.')
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], job);
  // A map, as a role's arguments are, is no value.
  const isMap = typeof value === 'object' && !Array.isArray(value);
  return isMap || value === undefined ? undefined : String(value);
}

/** What dyn-slurm sets itself may not be set a second time in `env`, or in the `args` of etcd and benchmarks. */
export function* checkManaged(job: JobConfig): Generator<Problem> {
  for (const [owner, path, args] of argumentsOf(job)) {
    if (owner !== 'etcd' && !isBenchTool(owner)) continue;
    for (const [key, given] of Object.entries(args)) {
      const name = key.replaceAll('_', '-');
      const source = sourceOf(owner, name);
      const value = source && isBenchTool(owner) ? valueFrom(source, job, ofMeasurements(job)) : undefined;
      if (source && value !== String(given)) yield managed([...path, key], `--${name}`, source, value);
    }
  }
  for (const owner of ['frontend', ...ROLES] as const) {
    for (const name of Object.keys(job[owner]?.env ?? {})) {
      const source = sourceOf('environment', name);
      if (source !== undefined) yield managed([owner, 'env', name], name, source);
    }
  }
}

/** The other sources give each measurement its own value. */
function ofMeasurements({ bench, model }: JobConfig): Readonly<Record<string, string | undefined>> {
  return {
    'bench.tokenizer': bench?.tokenizer ?? model.path,
    'bench.concurrencies': undefined,
    'bench.prompts_per_concurrency': undefined,
    'bench.warmup_per_concurrency': undefined,
    'bench.chat_template': undefined,
    'bench.turn_delay': undefined,
    'bench.dataset': undefined,
    'bench.dataset_path': undefined,
  };
}

/** A setting that dyn-slurm makes itself, from a source, with the value that it has, where that is known. */
export function managed(path: ConfigPath, name: string, source: string, value?: string): Problem {
  const isField = /^[a-z_.]+$/.test(source);
  return keyError(
    path,
    `${name} is set by dyn-slurm, ${value === undefined ? '' : `to ${value} `}from ${source}`,
    isField ? `remove it here, and set ${source} instead` : (INSTEAD[source] ?? 'remove it here'),
  );
}

/** What the user may have wanted with a setting, by what makes it. */
const INSTEAD: Readonly<Record<string, string>> = {
  'gpus_per_worker and the placement':
    'remove it here; gpus_per_worker gives workers a part of a node, and gpu_share a part of one GPU, so that several share it',
};
