import { merge } from './layers.ts';
import type { SourceFile } from './resolve.ts';
import { type ClusterProfile, clusterProfile } from './schema/cluster-schema.ts';
import { profileField } from './schema/field.ts';
import { validate } from './schema/validate.ts';
import type { Diagnostic } from './yaml/diagnostic.ts';
import { locateProblem } from './yaml/locate-diagnostic.ts';
import { parseYaml } from './yaml/parse.ts';
import type { ConfigEntry, ConfigMap } from './yaml/tree.ts';

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
  const diagnostics = checked.findings.map((finding) => locateProblem(finding, finding.tree, tree));
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
