import { parseYaml } from '../config/yaml/parse.ts';
import type { ConfigEntry } from '../config/yaml/tree.ts';
import { type Finding, Findings } from './finding.ts';
import { type Found, Keys } from './keys.ts';
import type { Recipe } from './recipe/recipe.ts';
import { mountsIn, readHealth } from './recipe/slurm.ts';
import { kindOf } from './recognize.ts';

/** What a cluster's srtslurm.yaml gives to the recipes that run there. */
export interface Cluster {
  readonly account: Found<string> | undefined;
  readonly partition: Found<string> | undefined;
  readonly time: Found<string> | undefined;
  readonly gpu: Found<string> | undefined;
  /** Paths of models and images by their aliases. */
  readonly models: ReadonlyMap<string, string>;
  readonly images: ReadonlyMap<string, string>;
  /** Options of sbatch; those of a recipe win. */
  readonly directives: readonly ConfigEntry[];
  readonly mounts: readonly Found<string>[];
  /** Seconds until a service has to be ready. */
  readonly deadline: Found<number> | undefined;
}

export const NO_CLUSTER: Cluster = {
  account: undefined,
  partition: undefined,
  time: undefined,
  gpu: undefined,
  models: new Map(),
  images: new Map(),
  directives: [],
  mounts: [],
  deadline: undefined,
};

/** Keys that are about the nodes rather than about jobs, and what a cluster profile has for them. */
const PROFILE: Readonly<Record<string, string>> = {
  gpus_per_node: 'set gpus_per_node there',
  network_interface: 'set interface there',
  use_gpus_per_node_directive: 'set gpu_directive there: none stands for false',
  use_exclusive_sbatch_directive: 'dyn-slurm asks for exclusive nodes unless slurm.exclusive is false',
  use_segment_sbatch_directive: 'dyn-slurm asks for a segment only where slurm.segment says so',
  default_bash_preamble: 'set preamble there',
  default_host_setup: 'set preamble there',
};

/** Reads srtslurm.yaml. What is about the cluster rather than its jobs belongs into a cluster profile, and is told. */
export function readCluster(
  file: string,
  text: string,
): { readonly cluster: Cluster; readonly findings: readonly Finding[] } {
  const { root, diagnostics } = parseYaml(file, text, 'foreign');
  const findings = new Findings();
  for (const diagnostic of diagnostics) findings.addDiagnostic(diagnostic);
  if (root === undefined || findings.refused) return { cluster: NO_CLUSTER, findings: findings.all };
  const place = { range: { ...root.range, length: 1 }, path: [] };
  const keys = new Keys(place, root, findings);
  if (kindOf(root) !== 'cluster')
    findings.refuse(
      place,
      'is no srtslurm.yaml: it has none of its keys, such as model_paths or default_account',
      'give the file that srt-slurm is set up with on the cluster',
    );
  const table = (key: string): ReadonlyMap<string, string> =>
    new Map(
      keys.entries(key).flatMap((entry) => {
        const { path, value } = entry;
        if (value.kind === 'scalar' && value.value !== null)
          return [[String(path.at(-1)), String(value.value)] as const];
        findings.lose(entry, 'is no path, so this alias stays as it is');
        return [];
      }),
    );
  const cluster: Cluster = {
    account: keys.text('default_account'),
    partition: keys.text('default_partition'),
    time: keys.text('default_time_limit'),
    gpu: keys.text('default_gpu_type'),
    models: table('model_paths'),
    images: table('containers'),
    directives: keys.entries('default_sbatch_directives'),
    mounts: mountsIn(keys.entries('default_mounts')),
    deadline: readHealth(keys, 'default_health_check'),
  };
  for (const [key, hint] of Object.entries(PROFILE)) keys.lose([key], 'belongs in the cluster profile', hint);
  keys.ignore(
    [
      'cluster',
      'cloud',
      'srtctl_root',
      'output_dir',
      'reporting',
      'telemetry',
      'nginx_raise_ulimit',
      'use_het_jobs',
    ],
    "is for srt-slurm's own work",
  );
  keys.finish();
  return { cluster, findings: findings.all };
}

/** A recipe with what the cluster gives where it says nothing itself. */
export function onCluster(recipe: Recipe, cluster: Cluster): Recipe {
  const own = new Set(recipe.slurm.directives.map(({ path }) => path.at(-1)));
  const given = cluster.directives.filter(({ path }) => !own.has(path.at(-1)));
  return {
    ...recipe,
    gpu: recipe.gpu ?? cluster.gpu,
    deadline: recipe.deadline ?? cluster.deadline,
    mounts: [...cluster.mounts, ...recipe.mounts],
    slurm: { ...recipe.slurm, directives: [...recipe.slurm.directives, ...given] },
  };
}
