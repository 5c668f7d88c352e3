import { basename, join, resolve } from 'node:path';
import { missingProfile } from '../../../config/missing-profile.ts';
import { type SettingOptions, settingLayers, settingsSource } from '../../../config/settings.ts';
import { namesIn as namesInConfig } from '../../../config/topology.ts';
import { BASE, expandVariants } from '../../../config/variants.ts';
import { type Diagnostic, formatDiagnostic } from '../../../config/yaml/diagnostic.ts';
import { mergeDiagnostics } from '../../../config/yaml/locate.ts';
import { type Layer, type ParsedFile, parseYaml, type SourceFile } from '../../../config/yaml/parse.ts';
import { LARGEST_FILE } from '../../../config/yaml/syntax.ts';
import { DynSlurmError } from '../../../errors.ts';
import { FOREIGN, foreignKind } from '../../../import/recognize.ts';
import type { Plan } from '../../../plan/plan.ts';
import { type PlannedConfig, planConfig } from '../../../plan/plan-config.ts';
import { styled } from '../../styled.ts';
import type { World } from '../../world.ts';
import { chooseCluster, clusterNames } from '../cluster/clusters.ts';
import { namesIn } from '../own-folders.ts';
import { scriptsOf } from './scripts.ts';
import { readSelection, type SelectOptions, select, severalSelected } from './selection.ts';

export interface LoadOptions extends SettingOptions, SelectOptions {
  /** Name of a cluster profile; wins over the environment and the config. */
  readonly cluster?: string;
  /** Where there is no cluster profile, what only it knows is made up. */
  readonly anywhere?: boolean;
  /** What the machine that the job runs on is like, as keys of a cluster profile over the chosen one. */
  readonly machine?: SourceFile;
}

/** A job of a config. */
export interface Loaded extends Omit<PlannedConfig, 'job'> {
  /** The config, as messages name it. */
  readonly file: string;
  /** As the command line has it, without a selection of variants; `-` is standard input. */
  readonly path: string;
  /** The config as the user wrote it or, where something comes over it, with that merged in. */
  readonly text: string;
  readonly cluster: string;
  /** Every file that took part, for code frames. */
  readonly sources: readonly SourceFile[];
  /** Which of the file's variants it is, where it has any. */
  readonly variant?: string;
  /** What the variant sets. */
  readonly changes: readonly string[];
  /** The name of the file's own job, from which those of its variants are made. */
  readonly fileName?: string;
}

export type ValidJob = Loaded & { readonly plan: Plan };

/** The jobs that a config stands for, or those that were selected, of one cluster. */
export interface LoadedConfig extends Pick<Loaded, 'file' | 'path' | 'cluster' | 'sources' | 'diagnostics'> {
  readonly jobs: readonly [Loaded, ...Loaded[]];
}

/** A config with what comes over the file. */
interface Source {
  readonly path: string;
  readonly base: ParsedFile;
  /** The command line's. */
  readonly settings: readonly Layer[];
  /** Texts beside the file in which its layers have their places. */
  readonly texts: readonly SourceFile[];
  /** The scripts that it names are on this machine; else the run folder has them. */
  readonly scripts?: boolean;
}

/** Reads a config (`-`: standard input) with the topologies and the cluster profile that it names. */
export async function loadConfig(
  given: string,
  options: LoadOptions,
  world: World,
  overlay?: SourceFile,
): Promise<LoadedConfig> {
  const selection = await readSelection(given, options, world);
  const config = await readConfig(selection.path, world);
  const parsed = parseYaml(config.file, config.text);
  refuseForeign(parsed);
  const over = overlay ? [parseYaml(overlay.file, overlay.text)] : [];
  const settings = [...over, ...settingLayers(options)];
  const { name } = namesInConfig(settings);
  const { base, variants, diagnostics } = expandVariants(parsed, name);
  const { name: fileName } = namesInConfig([base, ...settings]);
  const texts = [config, ...[overlay, settingsSource(options)].flatMap((one) => one ?? [])];
  const source = { path: selection.path, base, settings, texts, scripts: true };
  const load = await loaderOf(source, options, world);
  // A file without a root has no variants to select.
  const selected = parsed.root === undefined ? [undefined] : select(variants, selection);
  const jobs: Loaded[] = [];
  for (const variant of selected) {
    // A name of the command line is that of the file, from which those of variants are made.
    const layers = settings.filter(({ root }) => !(name && variant && root?.entries.has('name')));
    const loaded = await load([...(variant?.layers ?? []), ...layers], variant?.label);
    const label = variant?.label ?? (variants.length > 0 ? BASE : undefined);
    jobs.push({
      ...loaded,
      ...(label !== undefined && { variant: label }),
      ...(fileName !== undefined && { fileName }),
      changes: variant?.changes ?? [],
    });
  }
  const [first, ...others] = jobs;
  if (first === undefined) throw new Error('a config without a job');
  const sources = sourcesOf(jobs);
  const found = mergeDiagnostics(
    jobs.map((job) => ({ label: job.variant ?? '', diagnostics: job.diagnostics })),
    sources.map(({ file }) => file),
  );
  return {
    ...{ file: config.file, path: selection.path, cluster: first.cluster, sources },
    diagnostics: [...diagnostics, ...found],
    jobs: [first, ...others],
  };
}

/** Every file of several jobs, once. */
export function sourcesOf(jobs: readonly Loaded[]): readonly SourceFile[] {
  const files = jobs.flatMap(({ sources }) => sources.map((one) => [one.file, one] as const));
  return [...new Map(files).values()];
}

/** Like loadConfig, of a config that stands for one job, or of which one variant is selected. */
export async function loadJob(
  given: string,
  options: LoadOptions,
  world: World,
  overlay?: SourceFile,
): Promise<Loaded> {
  const { jobs, path, diagnostics } = await loadConfig(given, options, world, overlay);
  const [only, ...others] = jobs;
  if (others.length > 0)
    throw severalSelected(
      path,
      jobs.map(({ variant }) => variant ?? ''),
    );
  return withoutPlanOf({ ...only, diagnostics });
}

/** A config whose text is known, with what a command line lays over it; it has no variants. */
interface GivenSource {
  readonly config: SourceFile;
  readonly overlay?: SourceFile;
}

async function loadSource(
  { config, overlay }: GivenSource,
  options: LoadOptions,
  world: World,
): Promise<Loaded> {
  const settings = overlay ? [parseYaml(overlay.file, overlay.text)] : [];
  const source = { path: config.file, base: parseYaml(config.file, config.text), settings };
  const load = await loaderOf({ ...source, texts: [config, ...(overlay ? [overlay] : [])] }, options, world);
  return { ...(await load(settings)), changes: [] };
}

/** Plans a config with layers over it. */
async function loaderOf(
  { path, base, settings, texts, scripts }: Source,
  options: LoadOptions,
  world: World,
) {
  const [knownTopologies, knownClusters] = await Promise.all([topologyNames(world), clusterNames(world)]);
  const named = namesInConfig([base, ...settings]).cluster;
  const chosen = await chooseCluster(options.cluster, named, knownClusters, world);
  const unknown =
    options.anywhere === true && chosen.files.length === 0 && knownClusters.includes(chosen.name);
  return async (over: readonly Layer[], label?: string): Promise<Omit<Loaded, 'variant' | 'changes'>> => {
    const topology = await readTopology(namesInConfig([base, ...over]).topology, knownTopologies, world);
    const profile = unknown ? { ...chosen, files: [missingProfile([base, ...over])] } : chosen;
    const { machine } = options;
    const cluster = machine ? { ...profile, files: [...profile.files, machine] } : profile;
    const withHeading = (text: string) =>
      `${headingOf(base.file, label, texts)}${text.startsWith('#') ? '#\n' : ''}${text}`;
    const planned = planConfig({
      config: base,
      ...(topology && { topology }),
      topologyNames: knownTopologies,
      cluster,
      clusterNames: knownClusters,
      over,
      ...(scripts && { scripts: await scriptsOf([base, ...over], path, world) }),
    });
    return {
      ...planned,
      ...{ file: base.file, path, cluster: cluster.name },
      text: over.length > 0 && planned.flatText ? withHeading(planned.flatText()) : base.text,
      sources: [...texts, ...(topology ? [topology] : []), ...cluster.files],
    };
  };
}

/** A heading that says which file, variant and settings a config is made of. */
function headingOf(file: string, label: string | undefined, texts: readonly SourceFile[]): string {
  const variant = label === undefined ? '' : `, variant ${label}`;
  const settings = texts.slice(1).flatMap(({ text }) => text.trimEnd().split('\n'));
  return [`${basename(file)}${variant}`, ...settings].map((line) => `# ${line}\n`).join('');
}

/** What is wrong with the file itself concerns each of its jobs. */
function withoutPlanOf(loaded: Loaded): Loaded {
  if (!loaded.diagnostics.some(({ severity }) => severity === 'error')) return loaded;
  const { plan: _, ...rest } = loaded;
  return rest;
}

/** A recipe of srt-slurm would only give one unknown key after the other. @throws DynSlurmError `config` */
function refuseForeign({ file, text, root }: ParsedFile): void {
  const kind = foreignKind(text, root);
  if (kind === undefined) return;
  throw new DynSlurmError('config', `${file}: is ${FOREIGN[kind].what}, not a config of dyn-slurm`, {
    hint: FOREIGN[kind].hint.replace('FILE', file),
  });
}

/** A config that must be right: prints what is wrong with it, and gives its plan, or undefined where there is an error. */
export async function loadValidJob(
  file: string,
  options: LoadOptions,
  world: World,
  overlay?: SourceFile,
): Promise<ValidJob | undefined> {
  return validJob(await loadJob(file, options, world, overlay), world);
}

/** Like loadValidJob, of loadSource. It prints what `concerns` picks of what is wrong. */
export async function loadValidSource(
  source: GivenSource,
  options: LoadOptions,
  world: World,
  concerns: (diagnostic: Diagnostic) => boolean,
): Promise<ValidJob | undefined> {
  return validJob(await loadSource(source, options, world), world, concerns);
}

function validJob(
  loaded: Loaded,
  world: World,
  concerns: (diagnostic: Diagnostic) => boolean = () => true,
): ValidJob | undefined {
  printDiagnostics({ ...loaded, diagnostics: loaded.diagnostics.filter(concerns) }, world);
  const { plan } = loaded;
  return plan && { ...loaded, plan };
}

/** Like loadValidJob, for all jobs of a config: undefined where there is an error in any. */
export async function loadValidConfig(
  file: string,
  options: LoadOptions,
  world: World,
): Promise<readonly [ValidJob, ...ValidJob[]] | undefined> {
  const { jobs, ...config } = await loadConfig(file, options, world);
  printDiagnostics(config, world);
  const valid = jobs.flatMap((job) => (job.plan ? [{ ...job, plan: job.plan }] : []));
  const [first, ...others] = valid;
  const wrong = config.diagnostics.some(({ severity }) => severity === 'error');
  return wrong || first === undefined || valid.length < jobs.length ? undefined : [first, ...others];
}

/** Names of the published topologies. */
export async function topologyNames(world: World): Promise<readonly string[]> {
  return namesIn(topologyFolder(world), '.yaml', world);
}

export async function readTopology(
  name: string | undefined,
  known: readonly string[],
  world: World,
): Promise<SourceFile | undefined> {
  if (name === undefined || !known.includes(name)) return undefined;
  const path = join(topologyFolder(world), `${name}.yaml`);
  return { file: path, text: await world.readFile(path) };
}

function topologyFolder({ packageRoot }: World): string {
  return join(packageRoot, 'configs/topologies');
}

export async function readConfig(file: string, world: World): Promise<SourceFile> {
  // Of a file that is too large, enough to say so: a character has at most 4 bytes.
  const most = 4 * LARGEST_FILE + 4;
  if (file === '-') return { file: '<stdin>', text: await world.readStdin(most) };
  try {
    return { file, text: await world.readBeginning(resolve(world.cwd, file), most) };
  } catch (cause) {
    throw unreadable(file, cause as NodeJS.ErrnoException);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'the file does not exist',
  ENOTDIR: 'the file does not exist',
  EISDIR: 'is a folder; name the config file in it',
  EACCES: 'you do not have permission to read it',
};

function unreadable(file: string, cause: NodeJS.ErrnoException): DynSlurmError {
  const reason = REASONS[cause.code ?? ''] ?? cause.message;
  const hint = 'the folder configs/ of dyn-slurm has examples';
  return new DynSlurmError(
    'usage',
    `${file}: ${reason}`,
    cause.code === 'ENOENT' ? { hint, cause } : { cause },
  );
}

/** Prints every finding with its code frame, errors and warnings in the order of the files. */
export function printDiagnostics(
  { diagnostics, sources }: Pick<PlannedConfig, 'diagnostics'> & { readonly sources: readonly SourceFile[] },
  { err, color, page }: World,
): void {
  const texts = new Map(sources.map(({ file, text }) => [file, text]));
  for (const diagnostic of diagnostics) {
    const text = formatDiagnostic(diagnostic, texts.get(diagnostic.file), {
      ...page,
      textOf: (file) => texts.get(file),
      ...(color && { paint: (part, text) => styled(FORMATS[part], text) }),
    });
    err.write(`${text}\n`);
  }
}

const FORMATS = {
  place: 'cyan',
  path: 'bold',
  error: 'red',
  warning: 'yellow',
  gutter: 'dim',
  caret: 'red',
  hint: 'cyan',
} as const;
