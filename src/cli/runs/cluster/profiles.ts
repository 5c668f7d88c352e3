import { readClusterProfile } from '../../../config/cluster-profile.ts';
import type { ClusterProfile } from '../../../config/schema/cluster-schema.ts';
import { formatDiagnostic } from '../../../config/yaml/diagnostic.ts';
import { DynSlurmError } from '../../../errors.ts';
import type { World } from '../../world.ts';
import { chooseCluster, type OnRefused } from './clusters.ts';

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
