import { join, resolve } from 'node:path';
import { namesIn as namesInConfig } from '../../../config/topology.ts';
import { type Diagnostic, formatDiagnostic } from '../../../config/yaml/diagnostic.ts';
import type { SourceFile } from '../../../config/yaml/parse.ts';
import { parseYaml } from '../../../config/yaml/parse.ts';
import { DynSlurmError } from '../../../errors.ts';
import type { Plan } from '../../../plan/plan.ts';
import { type PlannedConfig, planConfig } from '../../../plan/plan-config.ts';
import { styled } from '../../styled.ts';
import type { World } from '../../world.ts';
import { chooseCluster, clusterNames } from '../cluster/clusters.ts';
import { namesIn } from '../own-folders.ts';

export interface LoadOptions {
  /** Name of a cluster profile; wins over the environment and the config. */
  readonly cluster?: string;
  /** Keys of a config that win over those of all files: what a command line changes. */
  readonly overlay?: SourceFile;
}

export interface Loaded extends Omit<PlannedConfig, 'job'> {
  /** The config, as messages name it. */
  readonly file: string;
  /** The config as the user wrote it. */
  readonly text: string;
  readonly cluster: string;
  /** Every file that took part, for code frames. */
  readonly sources: readonly SourceFile[];
}

/**
 * Reads and plans a config with the topology and the cluster profile that it names. `from`: a path, `-` for standard input,
 * or a file that has been read already.
 */
export async function loadJob(
  from: string | SourceFile,
  { overlay, ...options }: LoadOptions,
  world: World,
): Promise<Loaded> {
  const config = typeof from === 'string' ? await readConfig(from, world) : from;
  const [knownTopologies, knownClusters] = await Promise.all([topologyNames(world), clusterNames(world)]);
  const parsed = parseYaml(config.file, config.text);
  const names = namesInConfig(parsed);
  const topology = await readTopology(names.topology, knownTopologies, world);
  const cluster = await chooseCluster(options.cluster, names.cluster, knownClusters, world);
  const resolved = planConfig({
    config: parsed,
    ...(topology && { topology }),
    topologyNames: knownTopologies,
    cluster,
    clusterNames: knownClusters,
    ...(overlay && { overlay }),
  });
  return {
    ...resolved,
    ...config,
    cluster: cluster.name,
    sources: [config, ...[topology, overlay].flatMap((one) => one ?? []), ...cluster.files],
  };
}

export type ValidJob = Loaded & { readonly plan: Plan };

/**
 * A config that must be right: prints what is wrong with it, or what `concerns` picks of that, and gives its plan, or
 * undefined where there is an error.
 */
export async function loadValidJob(
  from: string | SourceFile,
  options: LoadOptions,
  world: World,
  concerns: (diagnostic: Diagnostic) => boolean = () => true,
): Promise<ValidJob | undefined> {
  const loaded = await loadJob(from, options, world);
  printDiagnostics({ ...loaded, diagnostics: loaded.diagnostics.filter(concerns) }, world);
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

async function readConfig(file: string, world: World): Promise<SourceFile> {
  if (file === '-') return { file: '<stdin>', text: await world.readStdin() };
  try {
    return { file, text: await world.readFile(resolve(world.cwd, file)) };
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
