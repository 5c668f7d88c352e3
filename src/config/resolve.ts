import { resolveAliases } from './aliases.ts';
import { readClusterProfile } from './cluster-profile.ts';
import { withoutRetiredRoles } from './compat/retired-roles.ts';
import { engineNamed } from './engine-name.ts';
import { checkExpected, expectedOf } from './expectations.ts';
import type { Job, Provenance } from './job.ts';
import { merge, normalizeArguments } from './layers.ts';
import { fixedPorts, type Layering, provenanceOf } from './provenance.ts';
import { readRemarks, type TopologyRemarks } from './published-topology.ts';
import { unknownName } from './rules/unknown-name.ts';
import { jobField } from './schema/field.ts';
import { GPUS, gpuModel } from './schema/gpu.ts';
import { type JobConfig, jobSchema } from './schema/job-schema.ts';
import { ROLES } from './schema/role.ts';
import { isStopgap, validate } from './schema/validate.ts';
import type { Scripts } from './setup.ts';
import { partsOfPreset, stack, withNulls, withOneTopology } from './stack.ts';
import { alternatives, nearest } from './text/suggestion.ts';
import { namesIn, topologyLayer } from './topology.ts';
import { Comments } from './yaml/comments.ts';
import type { Diagnostic } from './yaml/diagnostic.ts';
import { emit } from './yaml/emit.ts';
import { locate, locateProblem, sortByPosition } from './yaml/locate.ts';
import type { Layer, ParsedFile, SourceFile } from './yaml/parse.ts';
import type { Problem } from './yaml/problem.ts';
import type { ConfigPath } from './yaml/source-range.ts';
import type { ConfigMap } from './yaml/tree.ts';

export interface ResolveInput {
  /** Read already, for the preset and the profile that it names. */
  readonly config: ParsedFile;
  /** The preset's file, where the config names one and it was found. */
  readonly topology?: SourceFile;
  /** All presets, to suggest one. */
  readonly topologyNames: readonly string[];
  readonly cluster: {
    readonly name: string;
    /** The profile's files, lowest first. */
    readonly files: readonly SourceFile[];
  };
  readonly clusterNames: readonly string[];
  /** What comes over all files, lowest first: `null` removes a key there too. */
  readonly over?: readonly Layer[];
  /** Those that the config and what comes over it name; absent where the run folder has them. */
  readonly scripts?: Scripts;
}

/** A config as its files have it, before the rules across its fields. */
export interface Resolved {
  /** Undefined where it cannot be read at all; with stopgaps where a field is wrong. */
  readonly job?: Job;
  /** Its topology was not found, so that it lacks what most rules ask for. */
  readonly topologyLost: boolean;
  /** Fields that are wrong by themselves. */
  readonly faults: number;
  /** What is wrong with the job, with what its rules found; without what follows only from a wrong field. */
  readonly reliable: (found: readonly Problem[]) => readonly Problem[];
  /** All that is wrong with the files and, by `problems`, with the job. */
  readonly diagnose: (problems: readonly Problem[]) => readonly Diagnostic[];
  /** Gives a problem of the job its place in the files. */
  readonly locateProblem: (problem: Problem) => Diagnostic;
  /** Whether some file or layer has the key, or takes it away. */
  readonly has: (path: ConfigPath) => boolean;
  readonly provenance: () => readonly Provenance[];
  /** What its published topology says of itself. */
  readonly notes: readonly string[];
  /** The config and what comes over it, as one text that gives the same job. */
  readonly text: () => string;
}

/**
 * A config with its topology and its cluster profile, as one job. Pure, and never throws for anything that the files hold.
 */
export function resolveJob(input: ResolveInput): Resolved | { readonly diagnostics: readonly Diagnostic[] } {
  const { config: parsed, cluster, over = [] } = input;
  const files = [parsed, ...over, ...(input.topology ? [input.topology] : []), ...cluster.files].map(
    ({ file }) => file,
  );
  const profile = readClusterProfile(cluster.files);
  const diagnostics: Diagnostic[] = [...[parsed, ...over, profile].flatMap((one) => one.diagnostics)];
  const { root } = parsed;
  if (root === undefined) return { diagnostics: sortByPosition(diagnostics, files) };

  const parts = partsOfPreset({ ...parsed, root }, over);
  if (parts.length > 0) {
    const said = parts.map((problem) => locateProblem(problem, root, root));
    return { diagnostics: sortByPosition([...diagnostics, ...said], files) };
  }
  const [lowest, ...upper] = withOneTopology({ ...parsed, root }, over);
  const topology = topologyLayer(lowest.root, input.topology, input.topologyNames);
  const lower = [profile.defaults, ...(topology.layer ? [topology.layer] : [])];
  const engine = engineNamed([...lower, topology.config, ...upper.map((layer) => layer.root)]);
  const normalize = (layer: ConfigMap, removes = false) =>
    normalizeArguments(
      layer,
      (problem) => diagnostics.push(locateProblem(problem, layer, root)),
      removes ? undefined : engine,
    );
  const below = lower.map((layer) => normalize(layer)).reduce(merge);
  const normal = upper.map((layer) => ({ ...layer, root: normalize(layer.root, layer.removes) }));
  const stacked = stack(merge(below, normalize(topology.config)), normal);
  const checked = validate(jobSchema, stacked.tree, jobField);
  // Values that the files hold but that could not be read; an inline topology counts as its keys.
  const inline = (path: ConfigPath): ConfigPath => (path[0] === 'topology' ? path.slice(1) : path);
  const unread = [
    ...[parsed, ...over].flatMap((one) => one.unread).map(inline),
    ...(topology.parsed?.unread ?? []),
  ];
  const lost = topology.lost || checked.problems.some(({ repair }) => repair?.rename === 'topology');
  const strayed = unknownCluster(input);
  const beyond = [...unread.filter(({ length }) => length > 0), ...(strayed.length > 0 ? SITE_DEFAULTS : [])];
  const gone = lost ? [...beyond, ['gpu']] : beyond;
  // Not what is missing only because it could not be read.
  const found = checked.problems.filter(
    ({ missing, path }) => !missing || !gone.some((beginning) => startsWith(path, beginning)),
  );
  const named = { ...profile.profile, name: cluster.name };
  const current =
    checked.value &&
    withoutRetiredRoles(checked.value, (role) =>
      [lowest, ...upper].some((layer) => layer.root.entries.has(role)),
    );
  const preset = topology.lost ? undefined : input.topology && readRemarks(input.topology);
  const completed = completeJob(current?.job, named, fixedPorts(checked.tree), preset);
  const { problems: own, used } = completed;
  const job = completed.job && { ...completed.job, ...(input.scripts && { scripts: input.scripts }) };
  // What is missing once a bound was left out, was not missing before.
  const wrong = checked.problems.filter((one) => isStopgap(one) || one.path.includes('slo'));
  const faults = [...wrong.map(({ path }) => path), ...beyond];
  diagnostics.push(
    ...topology.diagnostics,
    ...stacked.problems.map((problem) => locateProblem(problem, root, root)),
    ...found.map((problem) => locateProblem(problem, root, root)),
  );
  const isPublished = ({ ownOnly, path, at }: Problem) =>
    ownOnly === true && locate(checked.tree, path, at).range.file === input.topology?.file;
  const within = (problem: Problem) => locateProblem(problem, checked.tree, root);
  const always = [...strayed, ...(current?.problems ?? [])];
  return {
    ...(job && { job }),
    topologyLost: lost,
    faults: diagnostics.filter(({ severity }) => severity === 'error').length,
    reliable: (problems) => [
      ...always,
      ...[...own, ...problems].filter(({ path }) => !causedBy(faults, path)),
    ],
    diagnose: (problems) =>
      sortByPosition([...diagnostics, ...problems.filter((one) => !isPublished(one)).map(within)], files),
    locateProblem: within,
    has: (path) => {
      const { value, removed } = locate(checked.tree, path);
      return path.length > 0 && (value !== undefined || removed);
    },
    provenance: () =>
      job ? provenanceOf(job, { job: checked.tree, profile: profile.tree }, used, layering(input)) : [],
    notes: preset?.notes ?? [],
    text: () => flatText(withNulls(stack(normalize(lowest.root), stacked.applied).tree, below), parsed),
  };
}

/** With the comments of the config's file. */
function flatText(tree: ConfigMap, { file, text }: ParsedFile): string {
  const comments = new Comments(text);
  const header = comments.header().map((line) => `# ${line}`.trimEnd());
  const body = emit(tree, (entry) =>
    entry.range.file === file
      ? { above: comments.above(entry), beside: comments.beside(entry) }
      : { above: [], beside: undefined },
  );
  return [...header, ...(header.length > 0 ? [''] : []), body].join('\n');
}

/** The job with its aliases resolved, and what is wrong with the names in it. */
function completeJob(
  value: JobConfig | undefined,
  cluster: Job['cluster'],
  fixed: Job['fixedPorts'],
  preset: TopologyRemarks | undefined,
) {
  if (value === undefined) return { job: undefined, problems: [], used: [] };
  const { model, container, frontend, bench, used, problems } = resolveAliases(value, cluster);
  const plain: Job = {
    ...value,
    ...(container && { container }),
    ...(bench && { bench }),
    model,
    frontend,
    cluster,
    fixedPorts: fixed,
  };
  const expects = expectedOf(plain, preset?.expects);
  const known = Object.keys(GPUS);
  const gpu = nearest(plain.gpu, known) ?? plain.gpu;
  const job: Job = { ...plain, gpu, ...(expects.length > 0 && { expects }) };
  const expected = checkExpected(expects, value.topology ?? '', job, cluster);
  const unknownGpu = gpuModel(plain.gpu)
    ? []
    : [unknownName(['gpu'], 'GPU model', plain.gpu, known, `known models are ${alternatives(known, 'and')}`)];
  return { job, problems: [...unknownGpu, ...problems, ...expected], used };
}

/** What a cluster profile may provide. */
const SITE_DEFAULTS: readonly ConfigPath[] = [
  ['slurm', 'account'],
  ['slurm', 'partition'],
  ['model', 'path'],
  ['container', 'image'],
];

const SIZES = ['workers', 'nodes', 'gpus_per_worker', 'tp', 'pp', 'dp', 'ep'];

/** A rule's complaint about what was left out says little, and of a role's sizes, each depends on all. */
function causedBy(faults: readonly ConfigPath[], path: ConfigPath): boolean {
  return faults.some((fault) => {
    const [owner, key] = fault;
    // Of a benchmark whose type is not known, nothing can be asked.
    if (owner === 'bench' && key === 'type') return path[0] === 'bench';
    const whole = fault.findIndex((part) => part === 'setup' || part === 'slo');
    if (whole >= 0) return startsWith(path, fault.slice(0, whole + 1));
    const isSize = ROLES.some((role) => role === owner) && SIZES.includes(String(key));
    return isSize ? path[0] === owner : startsWith(path, fault);
  });
}

function startsWith(path: ConfigPath, beginning: ConfigPath): boolean {
  return beginning.every((part, index) => part === path[index]);
}

function unknownCluster({ cluster, clusterNames }: ResolveInput): readonly Problem[] {
  const { name, files } = cluster;
  if (files.length > 0 || ['default', 'local', ...clusterNames].includes(name)) return [];
  const hint = 'a profile is a file ~/.config/dyn-slurm/clusters/NAME.yaml';
  return [unknownName(['cluster'], 'cluster profile', name, clusterNames, hint)];
}

function layering({ config, topology, cluster, over = [] }: ResolveInput): Layering {
  const preset = namesIn([config, ...over]).topology;
  return ({ file, line, column }) => {
    const position = `${file}:${line}:${column}`;
    if (file === config.file) return position;
    if (file === topology?.file) return `topology ${preset}`;
    if (over.some((layer) => layer.file === file)) return file;
    return `cluster ${cluster.name} (${position})`;
  };
}
