import { dirname, join, resolve } from 'node:path';
import { readClusterProfile, steeringKeys } from '../../config/cluster-profile.ts';
import { formatDiagnostic } from '../../config/yaml/diagnostic.ts';
import { parseYaml } from '../../config/yaml/parse.ts';
import { DynSlurmError, EXIT } from '../../errors.ts';
import { nearestFolder } from '../runs/cluster/clusters.ts';
import { notOwn } from '../runs/cluster/refusal.ts';
import { allTrust, forgetTrust, noteTrust, sha256, type Trust } from '../runs/cluster/trust-store.ts';
import { jsonText } from '../sink.ts';
import { table } from '../views/table.ts';
import type { World } from '../world.ts';

export interface TrustOptions {
  readonly list?: boolean;
  readonly remove?: boolean;
  readonly json?: boolean;
}

/** `dyn-slurm trust [FILE]`: lets a project's cluster profile run and redirect things, as long as it stays as it is. */
export async function trust(file: string | undefined, options: TrustOptions, world: World): Promise<number> {
  if (options.list) return list(options, world);
  if (options.remove) return remove(file, options, world);
  const profiles = await Promise.all(
    (await filesMeant(file, world)).map((path) => readForTrust(path, world)),
  );
  for (const { path, text } of profiles)
    await noteTrust({ file: path, sha256: sha256(text), trusted: world.now().toISOString() }, world);
  const facts = ({ path, text, keys }: TrustedProfile) => ({
    file: path,
    sha256: sha256(text),
    keys: Object.fromEntries(keys),
  });
  world.out.write(options.json ? jsonText(profiles.map(facts)) : profiles.map(trustedText).join(''));
  return EXIT.ok;
}

interface TrustedProfile {
  readonly path: string;
  readonly text: string;
  readonly keys: ReadonlyMap<string, unknown>;
}

function trustedText({ path, keys }: TrustedProfile): string {
  const rows = [...keys].map(([key, value]) => [`  ${key}`, JSON.stringify(value)]);
  const [, ...lines] = table(['', ''], rows).split('\n');
  const what = keys.size === 0 ? '; it sets nothing that requires trust' : ' until it changes; it sets';
  return `trusted ${path}${what}\n${rows.length === 0 ? '' : lines.join('\n')}`;
}

/** The profile that is named, or all of the project. @throws DynSlurmError `usage` where there are none */
async function filesMeant(file: string | undefined, world: World): Promise<readonly string[]> {
  if (file !== undefined) return [profilePath(file, world)];
  const folder = await nearestFolder(world.cwd, world);
  const names = folder === undefined ? [] : await world.listDir(folder);
  const paths = names.filter((name) => name.endsWith('.yaml')).map((name) => join(folder ?? '', name));
  if (paths.length > 0) return paths;
  throw new DynSlurmError('usage', 'there is no project cluster profile here', {
    hint: "a project's profiles are files .dyn-slurm/clusters/NAME.yaml in the working folder or above it",
  });
}

function profilePath(file: string, { cwd }: World): string {
  const path = resolve(cwd, file);
  const isProfile = path.endsWith('.yaml') && dirname(path).endsWith('/.dyn-slurm/clusters');
  if (isProfile && file !== '-') return path;
  throw new DynSlurmError('usage', `${file} is not a project cluster profile`, {
    hint: 'only files .dyn-slurm/clusters/NAME.yaml require trust',
  });
}

/** @throws DynSlurmError `usage` where there is no such file, `config` where it cannot be trusted or has errors */
async function readForTrust(path: string, world: World): Promise<TrustedProfile> {
  const own = await world.readOwn(path);
  if (own === undefined) throw new DynSlurmError('usage', `${path}: the file does not exist`);
  if (!('text' in own)) throw await notOwn(path, own, world);
  const { text } = own;
  const errors = readClusterProfile([{ file: path, text }]).diagnostics.filter(
    ({ severity }) => severity === 'error',
  );
  if (errors.length > 0)
    throw new DynSlurmError('config', errors.map((error) => formatDiagnostic(error, text)).join('\n'));
  return { path: own.path, text, keys: steeringKeys(parseYaml(path, text, 'profile').root) };
}

async function list({ json }: TrustOptions, world: World): Promise<number> {
  const rows = await Promise.all(
    (await allTrust(world)).map(async (one) => ({ ...one, state: await stateOf(one, world) })),
  );
  if (json) world.out.write(jsonText(rows));
  else if (rows.length === 0) world.err.write('no project cluster profile is trusted\n');
  else
    world.out.write(
      table(
        ['file', 'trusted', 'now'],
        rows.map(({ file, trusted, state }) => [file, trusted.slice(0, 10), state]),
      ),
    );
  return EXIT.ok;
}

async function stateOf({ file, sha256: known }: Trust, world: World): Promise<string> {
  const own = await world.readOwn(file);
  if (own === undefined) return 'gone';
  if (!('text' in own)) return 'refused';
  return sha256(own.text) === known ? 'trusted' : 'changed';
}

async function remove(file: string | undefined, { json }: TrustOptions, world: World): Promise<number> {
  const known = await allTrust(world);
  const paths = file === undefined ? await filesMeant(file, world) : [resolve(world.cwd, file)];
  const real = await Promise.all(paths.map(async (path) => [path, await realPath(path, world)]));
  const meant = known.filter((one) => real.flat().includes(one.file));
  if (meant.length === 0)
    throw new DynSlurmError('usage', `${file ?? 'no profile of this project'} is not trusted`, {
      hint: '`dyn-slurm trust --list` lists the trusted profiles',
    });
  for (const one of meant) await forgetTrust(one, world);
  const files = meant.map((one) => one.file);
  const text = files.map((one) => `no longer trusted: ${one}\n`).join('');
  world.out.write(json ? jsonText(files.map((one) => ({ file: one }))) : text);
  return EXIT.ok;
}

/** Trust is noted by the path without links. */
async function realPath(path: string, world: World): Promise<string> {
  const own = await world.readOwn(path);
  return own !== undefined && 'text' in own ? own.path : path;
}
