import { parseYaml } from '../config/yaml/parse.ts';
import { type Finding, Findings } from './finding.ts';
import { type Found, Keys } from './keys.ts';

/** What a cluster's srtslurm.yaml gives to the recipes that run there. */
export interface Cluster {
  readonly account: Found<string> | undefined;
  readonly partition: Found<string> | undefined;
  readonly time: Found<string> | undefined;
  /** Paths of models and images by their aliases. */
  readonly models: ReadonlyMap<string, string>;
  readonly images: ReadonlyMap<string, string>;
}

export const NO_CLUSTER: Cluster = {
  account: undefined,
  partition: undefined,
  time: undefined,
  models: new Map(),
  images: new Map(),
};

/** Reads srtslurm.yaml. What concerns the cluster rather than its jobs belongs into a cluster profile, and is not read. */
export function readCluster(
  file: string,
  text: string,
): { readonly cluster: Cluster; readonly findings: readonly Finding[] } {
  const { root, diagnostics } = parseYaml(file, text, 'foreign');
  const findings = new Findings();
  for (const diagnostic of diagnostics) findings.addDiagnostic(diagnostic);
  if (root === undefined) return { cluster: NO_CLUSTER, findings: findings.all };
  const keys = new Keys({ range: { ...root.range, length: 1 }, path: [] }, root, findings);
  const table = (key: string): ReadonlyMap<string, string> =>
    new Map(
      keys
        .entries(key)
        .flatMap(({ path, value }) =>
          value.kind === 'scalar' && value.value !== null
            ? [[String(path.at(-1)), String(value.value)] as const]
            : [],
        ),
    );
  const cluster: Cluster = {
    account: keys.text('default_account'),
    partition: keys.text('default_partition'),
    time: keys.text('default_time_limit'),
    models: table('model_paths'),
    images: table('containers'),
  };
  return { cluster, findings: findings.all };
}
