import { dirname, join } from 'node:path';
import type { SourceFile } from '../../config/resolve.ts';
import { nearest } from '../../config/suggestion.ts';
import { DynSlurmError } from '../../errors.ts';
import type { World } from '../world.ts';

/** Used where no profile is chosen; every value of it may be a default. */
const DEFAULT = 'default';
/** Profiles that come with the package. */
const BUILT_IN = ['local'];

/** Where profiles are, lowest precedence first. */
interface Shelves {
  readonly builtIn: string;
  readonly user: string;
  /** The nearest `.dyn-slurm/clusters` at or above the working directory. */
  readonly project: string | undefined;
}

export interface ChosenCluster {
  readonly name: string;
  /** Lowest first; none where `default` has no file. */
  readonly files: readonly SourceFile[];
}

/** Names that `cluster:` may have. */
export async function clusterNames(world: World): Promise<readonly string[]> {
  const { user, project } = await shelves(world);
  const listed = [user, project].map((folder) => (folder === undefined ? [] : world.listDir(folder)));
  const files = (await Promise.all(listed)).flat();
  const names = files.filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -'.yaml'.length));
  return [...new Set([...BUILT_IN, DEFAULT, ...names])].sort();
}

/**
 * Precedence: `--cluster`, then DYN_SLURM_CLUSTER, then the config's `cluster:`, then `default`.
 * @throws DynSlurmError `config` where the option or the variable names no profile; a wrong `cluster:` has a
 * position and is left to the config's own check.
 */
export async function chooseCluster(
  option: string | undefined,
  inConfig: string | undefined,
  names: readonly string[],
  world: World,
): Promise<ChosenCluster> {
  const fromEnv = world.env.DYN_SLURM_CLUSTER || undefined;
  const name = option ?? fromEnv ?? inConfig ?? DEFAULT;
  if (names.includes(name)) return { name, files: await profileFiles(name, world) };
  if (option === undefined && fromEnv === undefined) return { name, files: [] };
  const { user } = await shelves(world);
  const near = nearest(name, names);
  const suggestion = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
  const where = option === undefined ? 'DYN_SLURM_CLUSTER' : '--cluster';
  throw new DynSlurmError(
    'config',
    `${where}: there is no cluster profile ${JSON.stringify(name)}${suggestion}`,
    { hint: `known are ${names.join(', ')}; a profile is a file ${tilde(user, world)}/NAME.yaml` },
  );
}

async function profileFiles(name: string, world: World): Promise<readonly SourceFile[]> {
  const { builtIn, user, project } = await shelves(world);
  const folders = [
    ...(BUILT_IN.includes(name) ? [builtIn] : []),
    user,
    ...(project === undefined ? [] : [project]),
  ];
  const files: SourceFile[] = [];
  for (const folder of folders) {
    const path = join(folder, `${name}.yaml`);
    if (await world.exists(path)) files.push({ file: tilde(path, world), text: await world.readFile(path) });
  }
  return files;
}

async function shelves(world: World): Promise<Shelves> {
  const config = world.env.XDG_CONFIG_HOME || join(world.home, '.config');
  return {
    builtIn: join(world.packageRoot, 'configs/clusters'),
    user: join(config, 'dyn-slurm/clusters'),
    project: await nearestFolder(world.cwd, world),
  };
}

async function nearestFolder(folder: string, world: World): Promise<string | undefined> {
  const path = join(folder, '.dyn-slurm/clusters');
  if (await world.exists(path)) return path;
  const parent = dirname(folder);
  return parent === folder ? undefined : nearestFolder(parent, world);
}

function tilde(path: string, { home }: World): string {
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
