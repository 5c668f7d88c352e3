import { merge } from './layers.ts';
import { type ClusterProfile, clusterProfile } from './schema/cluster-schema.ts';
import { profileField } from './schema/field.ts';
import { validate } from './schema/validate.ts';
import type { Diagnostic } from './yaml/diagnostic.ts';
import { locateProblem } from './yaml/locate.ts';
import type { SourceFile } from './yaml/parse.ts';
import { parseYaml } from './yaml/parse.ts';
import { type ConfigEntry, type ConfigMap, plain } from './yaml/tree.ts';

/** A cluster profile, read from its files. */
export interface Site {
  readonly profile: ClusterProfile;
  /** What the files say, the later over the earlier. */
  readonly tree: ConfigMap;
  /** A layer below the job's own: what the profile knows of Slurm. */
  readonly defaults: ConfigMap;
  readonly diagnostics: readonly Diagnostic[];
}

const NOWHERE = { file: '', line: 1, column: 1, length: 1 };
const EMPTY: ConfigMap = { kind: 'map', entries: new Map(), range: NOWHERE };

export function readClusterProfile(files: readonly SourceFile[]): Site {
  const parsed = files.map(({ file, text }) => parseYaml(file, text, 'profile'));
  const tree = parsed.reduce((lower, { root }) => (root === undefined ? lower : merge(lower, root)), EMPTY);
  const checked = validate(clusterProfile, tree, profileField);
  const diagnostics = checked.problems.map((problem) => locateProblem(problem, tree, tree));
  return {
    profile: checked.value ?? clusterProfile.parse({}),
    tree: checked.tree,
    defaults: slurmDefaults(tree),
    diagnostics: [...parsed.flatMap((file) => file.diagnostics), ...diagnostics],
  };
}

function slurmDefaults(profile: ConfigMap): ConfigMap {
  const entries = ['account', 'partition'].flatMap((key): [string, ConfigEntry][] => {
    const entry = profile.entries.get(key);
    return entry === undefined ? [] : [[key, entry]];
  });
  const [first] = entries;
  if (first === undefined) return EMPTY;
  const { range, path } = first[1];
  const slurm: ConfigMap = { kind: 'map', entries: new Map(entries), range };
  return { kind: 'map', entries: new Map([['slurm', { path, range, value: slurm }]]), range };
}

/**
 * Keys of a cluster profile that choose only how Slurm is asked for nodes. All others run something, or decide where
 * jobs, files, images or connections go.
 */
const HARMLESS: ReadonlySet<string> = new Set<keyof ClusterProfile>([
  'account',
  'partition',
  'gpu_directive',
  'gpu_type',
  'memory_directive',
  'gpus_per_node',
]);

/** What a profile's file says of the keys that run or redirect something, `null` too, which takes away another file's. */
export function steeringKeys(root: ConfigMap | undefined): ReadonlyMap<string, unknown> {
  const known = Object.keys(clusterProfile.shape).filter((key) => !HARMLESS.has(key));
  return new Map(
    known.flatMap((key) => {
      const entry = root?.entries.get(key);
      return entry === undefined ? [] : [[key, plain(entry.value)]];
    }),
  );
}
