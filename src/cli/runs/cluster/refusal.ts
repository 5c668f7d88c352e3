import { DynSlurmError } from '../../../errors.ts';
import type { NotOwn } from '../../../host/own-file.ts';
import { quote } from '../../../render/shell.ts';
import type { World } from '../../world.ts';

/** A cluster profile that is there, and is not used because others could have written it. */
export class RefusedProfile extends DynSlurmError {
  constructor(message: string, hint: string) {
    super('config', message, { hint });
  }
}

/** `file`: as messages name it. */
export async function notOwn(file: string, found: NotOwn, world: World): Promise<RefusedProfile> {
  const { path, owner, fault } = found;
  const whose = await userText(owner, world);
  const refused = (what: string, hint: string) =>
    new RefusedProfile(`the cluster profile ${file} is not used: ${what}`, hint);
  const elsewhere = `only you and root may be able to change a cluster profile and the folders above it: read it, copy it to ${ownPlace(file)}, or work in another folder`;
  switch (fault) {
    case 'owner':
      return refused(`${path} belongs to ${whose}, who could change it`, elsewhere);
    case 'writable':
      return refused(
        `others than its owner, ${whose}, can write to ${path}`,
        owner === world.self.user ? `remove this permission: chmod go-w ${quote(path)}` : elsewhere,
      );
    case 'kind':
      return refused(`${path}, of ${whose}, is not a regular file`, 'replace it by a file, or remove it');
    case 'size':
      return refused(
        `${path}, of ${whose}, is larger than 1 MiB`,
        'remove everything but the keys of a profile',
      );
  }
}

/** `keys`: those that count only in a trusted file. `path`: absolute. */
export async function notTrusted(
  file: string,
  path: string,
  keys: readonly string[],
  changed: boolean,
  world: World,
): Promise<RefusedProfile> {
  const whose = await userText(world.self.user, world);
  return new RefusedProfile(
    `the cluster profile ${file}, of ${whose}, sets ${keys.join(', ')}, and ${changed ? 'has changed since you trusted it' : 'you have not trusted it yet'}`,
    `a project's profile may run or redirect programs only after you have read and trusted it: dyn-slurm trust ${quote(path)}`,
  );
}

const ownPlace = (file: string): string =>
  `~/.config/dyn-slurm/clusters/${file.slice(file.lastIndexOf('/') + 1)}`;

/** `user 1001 (mallory)`; users that only a directory service knows have no name here. */
async function userText(uid: number, world: World): Promise<string> {
  const known = await world.readFile('/etc/passwd').catch(() => '');
  const name = known
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields[2] === String(uid))?.[0];
  return name === undefined ? `user ${uid}` : `user ${uid} (${name})`;
}
