import { unknownName } from './rules/unknown-name.ts';
import { topologyHeaderField } from './schema/field.ts';
import { topologyHeader, USER_KEYS } from './schema/job-schema.ts';
import { validate } from './schema/validate.ts';
import type { Diagnostic } from './yaml/diagnostic.ts';
import { locateProblem } from './yaml/locate.ts';
import type { SourceFile } from './yaml/parse.ts';
import { type Layer, type ParsedFile, parseYaml } from './yaml/parse.ts';
import { keyError, type Problem } from './yaml/problem.ts';
import type { ConfigEntry, ConfigMap } from './yaml/tree.ts';

/** What the topology of a job contributes to it. */
export interface TopologyLayer {
  /** Absent where the config names none, or one that cannot be had. */
  readonly layer: ConfigMap | undefined;
  /** The config's own layer, with an inline topology taken out. */
  readonly config: ConfigMap;
  readonly diagnostics: readonly Diagnostic[];
  /** The config asks for a topology that cannot be had: what it would have set is unknown. */
  readonly lost: boolean;
  /** The preset's file, where one was read. */
  readonly parsed?: ParsedFile;
}

/** Stands for an inline topology in the job. */
const INLINE = 'inline';

const HINT = '`dyn-slurm topologies` lists them; or write a map with the keys of one here';

export function topologyLayer(
  config: ConfigMap,
  preset: SourceFile | undefined,
  names: readonly string[],
): TopologyLayer {
  const entry = config.entries.get('topology');
  if (entry?.value.kind === 'map') {
    const { value } = entry;
    const { own, problems } = withoutUserKeys(value);
    const diagnostics = problems.map((problem) => locateProblem(problem, value, value));
    return { layer: own, config: withInline(config, entry), diagnostics, lost: false };
  }
  const wanted = entry?.value.kind === 'scalar' ? entry.value.value : undefined;
  // A value of another type is left to the schema.
  if (entry === undefined || typeof wanted !== 'string')
    return { layer: undefined, config, diagnostics: [], lost: entry !== undefined && wanted !== null };
  if (preset === undefined) {
    const diagnostics = [
      locateProblem(unknownName(['topology'], 'topology', wanted, names, HINT), config, config),
    ];
    // A file's name is no topology's, and that is said once.
    return { layer: undefined, config: withInline(config, entry), diagnostics, lost: true };
  }
  return { ...presetLayer(preset), config };
}

function withInline(config: ConfigMap, entry: ConfigEntry): ConfigMap {
  const value = { kind: 'scalar', value: INLINE, written: INLINE, range: entry.range } as const;
  return { ...config, entries: new Map(config.entries).set('topology', { ...entry, value }) };
}

function presetLayer(preset: SourceFile): Omit<TopologyLayer, 'config'> {
  const parsed = parseYaml(preset.file, preset.text, 'topology');
  const { root } = parsed;
  if (root === undefined) return { layer: undefined, diagnostics: parsed.diagnostics, lost: true, parsed };
  const isHeader = ([key]: [string, ConfigEntry]) => topologyHeaderField.children.has(key);
  const header: ConfigMap = { ...root, entries: new Map([...root.entries].filter(isHeader)) };
  const body: ConfigMap = {
    ...root,
    entries: new Map([...root.entries].filter((entry) => !isHeader(entry))),
  };
  const checked = validate(topologyHeader, header, topologyHeaderField);
  const { own, problems } = withoutUserKeys(body);
  const diagnostics = [
    ...checked.problems.map((problem) => locateProblem(problem, root, root)),
    ...problems.map((problem) => locateProblem(problem, root, root)),
  ];
  return { layer: own, diagnostics: [...parsed.diagnostics, ...diagnostics], lost: false, parsed };
}

function withoutUserKeys(topology: ConfigMap): {
  readonly own: ConfigMap;
  readonly problems: readonly Problem[];
} {
  const entries = new Map(topology.entries);
  const problems = USER_KEYS.filter((key) => entries.delete(key)).map(
    (key): Problem =>
      keyError([key], `a topology cannot set ${key}`, 'it belongs at the top level of a config'),
  );
  return { own: { ...topology, entries }, problems };
}

/** What a config names: its job, and the preset and the cluster profile whose files are read before it is resolved. */
export interface NamesInConfig {
  readonly name?: string;
  /** Absent where the topology is written inline. */
  readonly topology?: string;
  readonly cluster?: string;
}

/** `layers`: the config and what comes over it. */
export function namesIn(layers: readonly Pick<Layer, 'root'>[]): NamesInConfig {
  const name = textAt(layers, 'name');
  const topology = textAt(layers, 'topology');
  const cluster = textAt(layers, 'cluster');
  return {
    ...(name !== undefined && { name }),
    ...(topology !== undefined && { topology }),
    ...(cluster !== undefined && { cluster }),
  };
}

function textAt(layers: readonly Pick<Layer, 'root'>[], key: string): string | undefined {
  const value = layers.findLast(({ root }) => root?.entries.has(key))?.root?.entries.get(key)?.value;
  return value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
}
