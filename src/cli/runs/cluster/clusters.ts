import { dirname, join } from 'node:path';
import { readClusterProfile, steeringKeys } from '../../../config/cluster-profile.ts';
import { type ClusterProfile, clusterName } from '../../../config/schema/cluster-schema.ts';
import { nearest } from '../../../config/text/suggestion.ts';
import { formatDiagnostic } from '../../../config/yaml/diagnostic.ts';
import type { SourceFile } from '../../../config/yaml/parse.ts';
import { parseYaml } from '../../../config/yaml/parse.ts';
import { DynSlurmError } from '../../../errors.ts';
import type { World } from '../../world.ts';
import { configFolder, namesIn } from '../own-folders.ts';
import { notOwn, notTrusted, type RefusedProfile } from './refusal.ts';

/** Used where no profile is chosen; every value of it may be a default. */
const DEFAULT = 'default';
/** Profiles that come with the package. */
const BUILT_IN = ['local'];

/** The folders with profiles, lowest precedence first. */
interface Shelves {
  readonly builtIn: string;
  readonly user: string;
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
  const folders = [user, project].filter((folder) => folder !== undefined);
  const listed = await Promise.all(folders.map((folder) => namesIn(folder, '.yaml', world)));
  const names = listed.flat().filter((name) => clusterName.safeParse(name).success);
  return [...new Set([...BUILT_IN, DEFAULT, ...names])].sort();
}

/** What becomes of a file that must not be used: left out, where this returns. */
export type OnRefused = (refused: RefusedProfile) => void;

const refuse: OnRefused = (refused) => {
  throw refused;
};

/**
 * Precedence: `--cluster`, then DYN_SLURM_CLUSTER, then the config's `cluster:`, then `default`.
 * @throws DynSlurmError `config` where the option or the variable names no profile, and where a file of the profile
 * could have been written by others; a wrong `cluster:` has a position and is left to the config's own check.
 */
export async function chooseCluster(
  option: string | undefined,
  inConfig: string | undefined,
  names: readonly string[],
  world: World,
  onRefused: OnRefused = refuse,
): Promise<ChosenCluster> {
  const fromEnv = world.env.DYN_SLURM_CLUSTER || undefined;
  const name = option ?? fromEnv ?? inConfig ?? DEFAULT;
  if (names.includes(name)) return { name, files: await profileFiles(name, world, onRefused) };
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

async function profileFiles(
  name: string,
  world: World,
  onRefused: OnRefused,
): Promise<readonly SourceFile[]> {
  const { builtIn, user, project } = await shelves(world);
  const files: SourceFile[] = [];
  let refused = false;
  if (BUILT_IN.includes(name)) {
    const path = join(builtIn, `${name}.yaml`);
    files.push({ file: tilde(path, world), text: await world.readFile(path) });
  }
  for (const folder of [user, project]) {
    if (folder === undefined) continue;
    const path = join(folder, `${name}.yaml`);
    const read = await readProfileFile(path, folder === project, world);
    if (read instanceof DynSlurmError) {
      refused = true;
      onRefused(read);
    } else if (read) files.push(read);
  }
  if (files.length > 0 || refused || name === DEFAULT) return files;
  throw new DynSlurmError('config', `the cluster profile ${name} is a broken symbolic link`, {
    hint: 'check the folders .dyn-slurm/clusters here or above, and ~/.config/dyn-slurm/clusters',
  });
}

/** What is checked and what is used are one text, read once. Undefined where there is no such file. */
async function readProfileFile(
  path: string,
  ofProject: boolean,
  world: World,
): Promise<SourceFile | RefusedProfile | undefined> {
  const file = tilde(path, world);
  const own = await world.readOwn(path);
  if (own === undefined) return undefined;
  if (!('text' in own)) return notOwn(file, own, world);
  const source = { file, text: own.text };
  const keys = ofProject ? [...steeringKeys(parseYaml(file, own.text, 'profile').root).keys()] : [];
  if (keys.length === 0) return source;
  const { trustIn, sha256 } = await import('./trust-store.ts');
  const trust = await trustIn(own.path, world);
  if (trust?.sha256 === sha256(own.text)) return source;
  return notTrusted(file, own.path, keys, trust !== undefined, world);
}

async function shelves(world: World): Promise<Shelves> {
  return {
    builtIn: join(world.packageRoot, 'configs/clusters'),
    user: join(configFolder(world), 'clusters'),
    project: await nearestFolder(world.cwd, world),
  };
}

/** The project's profiles: the nearest `.dyn-slurm/clusters` at or above a folder. */
export async function nearestFolder(folder: string, world: World): Promise<string | undefined> {
  const path = join(folder, '.dyn-slurm/clusters');
  if (await world.exists(path)) return path;
  const parent = dirname(folder);
  return parent === folder ? undefined : nearestFolder(parent, world);
}

function tilde(path: string, { home }: World): string {
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

export type Profile = ClusterProfile & { readonly name: string };

/** Reads a cluster profile. @throws DynSlurmError `config` where there is none of that name, or it has errors. */
export async function readProfile(
  name: string,
  names: readonly string[],
  world: World,
  onRefused?: OnRefused,
): Promise<Profile> {
  const { files } = await chooseCluster(name, undefined, names, world, onRefused);
  const { profile, diagnostics } = readClusterProfile(files);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return { ...profile, name };
  const texts = new Map(files.map(({ file, text }) => [file, text]));
  const shown = errors.map((error) => formatDiagnostic(error, texts.get(error.file)));
  throw new DynSlurmError('config', shown.join('\n'));
}
