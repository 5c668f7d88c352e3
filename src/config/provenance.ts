import type { ResolvedAliases } from './aliases.ts';
import type { Job, Provenance } from './job.ts';
import { ports } from './schema/sections.ts';
import { locate } from './yaml/locate.ts';
import { type ConfigPath, pathText, type SourceRange } from './yaml/source-range.ts';
import type { ConfigMap } from './yaml/tree.ts';

/** Names the layer that a place belongs to: `topology NAME`, `r1.yaml:3:5`, … */
export type Layering = (range: SourceRange) => string;

/** The origin of each value of a job, in the job's order; a list counts as one value, and an empty map as none. */
export function provenanceOf(
  job: Job,
  trees: { readonly job: ConfigMap; readonly profile: ConfigMap },
  used: ResolvedAliases['used'],
  layering: Layering,
): readonly Provenance[] {
  const { cluster: profile, fixedPorts: _ports, expects: _expects, scripts: _scripts, ...config } = job;
  const origin = (tree: ConfigMap, path: ConfigPath): string => {
    const { value, range } = locate(tree, path);
    return value === undefined ? 'default' : layering(range);
  };
  const aliases = new Map(
    used.map(({ path, list, alias }) => [
      pathText(path),
      `alias ${alias}, ${origin(trees.profile, [list, alias])}`,
    ]),
  );
  const own = leaves(config, []).map(([path, value]) => {
    const text = pathText(path);
    return { path: text, value, from: aliases.get(text) ?? origin(trees.job, path) };
  });
  const { name, ...facts } = profile;
  const cluster = leaves(facts, []).map(([path, value]) => ({
    path: pathText(['cluster', ...path]),
    value,
    from: origin(trees.profile, path),
  }));
  return [
    ...own,
    { path: 'cluster.name', value: name, from: chosenBy(name, trees.job, layering) },
    ...cluster,
  ];
}

function chosenBy(name: string, tree: ConfigMap, layering: Layering): string {
  const { value, range } = locate(tree, ['cluster']);
  if (value?.kind === 'scalar' && value.value === name) return layering(range);
  return name === 'default' ? 'default' : '--cluster or DYN_SLURM_CLUSTER';
}

function leaves(value: unknown, path: ConfigPath): readonly (readonly [ConfigPath, unknown])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return value === undefined ? [] : [[path, value]];
  }
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

const PATHS = [
  ['frontend', 'port'],
  ...Object.keys(ports.shape).map((field) => ['infra', 'ports', field]),
] as const;

/** Paths of the ports that a file gives. People rely on these; the job may move all others. */
export function fixedPorts(tree: ConfigMap): readonly string[] {
  return PATHS.filter((path) => locate(tree, path).value !== undefined).map(pathText);
}
