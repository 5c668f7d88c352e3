import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { World } from '../../world.ts';
import { stateFolder } from '../own-folders.ts';

/** That the user trusts one content of one profile file. */
export interface Trust {
  /** Absolute, without links. */
  readonly file: string;
  /** Of the content, hexadecimal. */
  readonly sha256: string;
  /** RFC 3339. */
  readonly trusted: string;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The trust in a file, be it in the content that it has now or in an earlier one. */
export function trustIn(file: string, world: World): Promise<Trust | undefined> {
  return read(notePath(file, world), world);
}

/** All that is trusted, by path. */
export async function allTrust(world: World): Promise<readonly Trust[]> {
  const names = await world.listDir(folder(world));
  const noted = await Promise.all(names.map((name) => read(join(folder(world), name), world)));
  return noted.filter((one) => one !== undefined).sort((a, b) => a.file.localeCompare(b.file));
}

export async function noteTrust(trust: Trust, world: World): Promise<void> {
  await world.writeFile(notePath(trust.file, world), `${JSON.stringify(trust)}\n`, 0o600);
}

export async function forgetTrust({ file }: Trust, world: World): Promise<void> {
  await world.remove(notePath(file, world));
}

const folder = (world: World): string => join(stateFolder(world), 'trusted');

const notePath = (file: string, world: World): string => join(folder(world), `${sha256(file)}.json`);

/** A note that others could have written is none. */
async function read(path: string, world: World): Promise<Trust | undefined> {
  const note = await world.readOwn(path);
  if (note === undefined || !('text' in note)) return undefined;
  try {
    const { file, sha256, trusted } = JSON.parse(note.text) as Partial<Trust>;
    if (typeof file !== 'string' || typeof sha256 !== 'string' || typeof trusted !== 'string')
      return undefined;
    return { file, sha256, trusted };
  } catch {
    return undefined;
  }
}
