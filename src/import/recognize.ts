import type { ConfigEntry, ConfigMap } from '../config/yaml/tree.ts';
import { submitCommand } from './command/words.ts';

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

/** Files that are taken for configs, and what to do with them. */
export const FOREIGN = {
  recipe: { what: 'a recipe of srt-slurm', hint: 'dyn-slurm import FILE writes it as a config' },
  lockfile: { what: 'a lockfile of srt-slurm', hint: 'dyn-slurm import FILE writes it as a config' },
  cluster: {
    what: "srt-slurm's description of a cluster",
    hint: 'give it to an import of recipes: dyn-slurm import RECIPE --profile FILE',
  },
  command: {
    what: 'a script that runs submit_job_script.py or submit_disagg.sh',
    hint: 'dyn-slurm import FILE writes its command line as a config',
  },
  script: {
    what: 'a script',
    hint: 'a config says what to serve, and dyn-slurm writes the job script; configs/ has examples',
  },
  kubernetes: {
    what: 'a manifest of Kubernetes',
    hint: 'dyn-slurm runs on Slurm; configs/ has examples of its configs',
  },
  compose: {
    what: 'a file of Docker Compose',
    hint: 'dyn-slurm runs on Slurm; configs/ has examples of its configs',
  },
} as const;

/** What a file is that is surely no config; undefined where it may be one. */
export function foreignKind(text: string, root: ConfigMap | undefined): keyof typeof FOREIGN | undefined {
  if (/^#!|^#SBATCH\s/m.test(text.slice(0, 4096)) && !root?.entries.has('model'))
    return submitCommand('script', text) === undefined ? 'script' : 'command';
  const head = /^apiVersion:\s.*\nkind:\s/m.test(text.slice(0, 65536));
  if (head || (root?.entries.has('apiVersion') && root.entries.has('kind'))) return 'kubernetes';
  if (root === undefined) return undefined;
  const kind = kindOf(root);
  if (kind !== 'other') return kind;
  const services = root.entries.get('services')?.value;
  const runs = services?.kind === 'map' && [...services.entries.values()].some(isImage);
  return runs && !root.entries.has('model') ? 'compose' : undefined;
}

function isImage({ value }: ConfigEntry): boolean {
  return value.kind === 'map' && (value.entries.has('image') || value.entries.has('build'));
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
