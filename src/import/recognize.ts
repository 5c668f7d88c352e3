import type { ConfigMap } from '../config/yaml/tree.ts';

/** What a YAML file is. */
export type FileKind =
  /** One recipe of srt-slurm, or a base with overrides, or a sweep. */
  | 'recipe'
  /** A recipe that a run of srt-slurm has written down, with `lock`. */
  | 'lockfile'
  /** srtslurm.yaml: what a cluster has. */
  | 'cluster'
  /** A config of dyn-slurm, or anything else. */
  | 'other';

/** Sections that recipes have, and configs of dyn-slurm have not. */
const SECTIONS = [
  'resources',
  'backend',
  'benchmark',
  'sbatch_directives',
  'srun_options',
  'health_check',
  'roles',
];
/** Keys of srtslurm.yaml that nothing else has. */
const CLUSTER = [
  'default_account',
  'default_partition',
  'default_time_limit',
  'model_paths',
  'containers',
  'srtctl_root',
  'use_gpus_per_node_directive',
  'use_segment_sbatch_directive',
  'use_exclusive_sbatch_directive',
  'default_sbatch_directives',
  'default_mounts',
  'default_bash_preamble',
];

/** Tells by the keys that are there. */
export function kindOf(root: ConfigMap): FileKind {
  const has = (map: ConfigMap | undefined, key: string) => map?.entries.has(key) ?? false;
  const inner = (key: string): ConfigMap | undefined => {
    const value = root.entries.get(key)?.value;
    return value?.kind === 'map' ? value : undefined;
  };
  if (CLUSTER.some((key) => has(root, key)) && !has(root, 'resources') && !has(root, 'base'))
    return 'cluster';
  const base = inner('base');
  const overrides = [...root.entries.keys()].some((key) => /^(zip_)?override_/.test(key));
  const body = base ?? root;
  const sections = SECTIONS.filter((key) => has(body, key)).length;
  const model = body.entries.get('model')?.value;
  const container = model?.kind === 'map' && model.entries.has('container');
  if (base !== undefined && (overrides || sections > 0)) return 'recipe';
  if (sections >= 2 || (sections >= 1 && container)) return has(root, 'lock') ? 'lockfile' : 'recipe';
  return 'other';
}

/** The engine that a recipe names, whatever else is wrong with it. */
export function namedEngine(root: ConfigMap): string {
  const engine = root.entries.get('engine')?.value;
  if (engine?.kind === 'scalar' && engine.value !== null) return String(engine.value);
  const backend = root.entries.get('backend')?.value;
  for (const map of [engine, backend]) {
    const type = map?.kind === 'map' ? map.entries.get('type')?.value : undefined;
    if (type?.kind === 'scalar' && type.value !== null) return String(type.value);
  }
  return 'sglang';
}
