import { DynSlurmError } from '../../../errors.ts';
import type { HostFile } from '../../../host/host.ts';
import type { Plan, SecretSource } from '../../../plan/plan.ts';
import { neededSecrets, secretFiles } from '../../../render/secrets.ts';
import type { World } from '../../world.ts';
import { place } from '../cluster/runs-dir.ts';

/**
 * The files of a run that hold secrets, their values taken from here and now.
 * @throws DynSlurmError `preflight` where a value cannot be had.
 */
export async function readSecrets(plan: Plan, world: World): Promise<ReadonlyMap<string, HostFile>> {
  const needed = neededSecrets(plan).map(async (secret) => {
    const value = await readSecret(secret.source, world);
    if (value !== undefined && !value.includes('\u0000')) return { ...secret, value };
    const problem =
      value === undefined ? missing(secret.source) : 'contains a NUL byte, which no variable can contain';
    throw new DynSlurmError('preflight', `${secret.step} needs the secret ${secret.name}: ${problem}`);
  });
  return secretFiles(await Promise.all(needed));
}

async function readSecret(source: SecretSource, world: World): Promise<string | undefined> {
  if ('from_env' in source) return world.env[source.from_env];
  const path = place(source.from_file, world);
  // A file of one line is how secrets are kept; its line break is not part of them.
  return (await world.exists(path)) ? (await world.readFile(path)).replace(/\r?\n$/, '') : undefined;
}

function missing(source: SecretSource): string {
  return 'from_env' in source
    ? `the environment variable ${source.from_env} is not set here`
    : `the file ${source.from_file} does not exist`;
}
