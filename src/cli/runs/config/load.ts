import { join, resolve } from 'node:path';
import { type SettingOptions, settingLayers, settingsSource } from '../../../config/settings.ts';
import { namesIn as namesInConfig } from '../../../config/topology.ts';
import { formatDiagnostic } from '../../../config/yaml/diagnostic.ts';
import type { SourceFile } from '../../../config/yaml/parse.ts';
import { parseYaml } from '../../../config/yaml/parse.ts';
import { DynSlurmError } from '../../../errors.ts';
import type { Plan } from '../../../plan/plan.ts';
import { type PlannedConfig, planConfig } from '../../../plan/plan-config.ts';
import { styled } from '../../styled.ts';
import type { World } from '../../world.ts';
import { chooseCluster, clusterNames } from '../cluster/clusters.ts';
import { namesIn } from '../own-folders.ts';

export interface LoadOptions extends SettingOptions {
  /** Name of a cluster profile; wins over the environment and the config. */
  readonly cluster?: string;
}

/** A config to load, with what a command line lays over it. */
export interface LoadSource {
  readonly config: SourceFile;
  readonly overlay?: SourceFile;
}

export interface Loaded extends Omit<PlannedConfig, 'job'> {
  /** The config, as messages name it. */
  readonly file: string;
  /** The config as the user wrote it or, where something comes over it, with that merged in. */
  readonly text: string;
  readonly cluster: string;
  /** Every file that took part, for code frames. */
  readonly sources: readonly SourceFile[];
}

/** Reads a config (`-`: standard input) with the topology and the cluster profile that it names. */
export async function loadJob(file: string, options: LoadOptions, world: World): Promise<Loaded> {
  return loadSource({ config: await readConfig(file, world) }, options, world);
}

/** Like loadJob, of a config whose text is known. */
export async function loadSource(
  { config, overlay }: LoadSource,
  options: LoadOptions,
  world: World,
): Promise<Loaded> {
  const [knownTopologies, knownClusters] = await Promise.all([topologyNames(world), clusterNames(world)]);
  const parsed = parseYaml(config.file, config.text);
  const over = [...(overlay ? [parseYaml(overlay.file, overlay.text)] : []), ...settingLayers(options)];
  const names = namesInConfig([parsed, ...over]);
  const topology = await readTopology(names.topology, knownTopologies, world);
  const cluster = await chooseCluster(options.cluster, names.cluster, knownClusters, world);
  const resolved = planConfig({
    config: parsed,
    ...(topology && { topology }),
    topologyNames: knownTopologies,
    cluster,
    clusterNames: knownClusters,
    over,
  });
  const settings = settingsSource(options);
  return {
    ...resolved,
    ...config,
    text: over.length > 0 && resolved.flatText ? resolved.flatText() : config.text,
    cluster: cluster.name,
    sources: [config, ...[topology, overlay, settings].flatMap((one) => one ?? []), ...cluster.files],
  };
}

/** A config that must be right: prints what is wrong with it, and gives its plan, or undefined where there is an error. */
export async function loadValidJob(
  file: string,
  options: LoadOptions,
  world: World,
): Promise<ValidJob | undefined> {
  return validJob(await loadJob(file, options, world), world);
}

export type ValidJob = Loaded & { readonly plan: Plan };

export function validJob(loaded: Loaded, world: World): ValidJob | undefined {
  printDiagnostics(loaded, world);
  const { plan } = loaded;
  return plan && { ...loaded, plan };
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
  if (file === '-') return { file: '<stdin>', text: await world.readStdin() };
  try {
    return { file, text: await world.readFile(resolve(world.cwd, file)) };
  } catch (cause) {
    throw unreadable(file, cause as NodeJS.ErrnoException);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'is a folder; name the config file in it',
  EACCES: 'you may not read it',
};

function unreadable(file: string, cause: NodeJS.ErrnoException): DynSlurmError {
  const reason = REASONS[cause.code ?? ''] ?? cause.message;
  const hint = 'examples come with dyn-slurm, in its folder configs/';
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
