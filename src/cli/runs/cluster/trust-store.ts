import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { z } from 'zod';
import { fields, parseJson, read, text } from '../../../run/lenient.ts';
import type { World } from '../../world.ts';
import { stateFolder } from '../own-folders.ts';

const TRUST = fields({
  /** Absolute, without links. */
  file: text,
  /** SHA-256 of the content, hexadecimal. */
  sha256: text,
  /** RFC 3339. */
  trusted: text,
});

/** The user's trust in one content of one profile file. */
export type Trust = z.output<typeof TRUST>;

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The trust in a file, be it in the content that it has now or in an earlier one. */
export function trustIn(file: string, world: World): Promise<Trust | undefined> {
  return readNote(notePath(file, world), world);
}

/** All that is trusted, by path. */
export async function allTrust(world: World): Promise<readonly Trust[]> {
  const names = await world.listDir(folder(world));
  const noted = await Promise.all(names.map((name) => readNote(join(folder(world), name), world)));
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
async function readNote(path: string, world: World): Promise<Trust | undefined> {
  const note = await world.readOwn(path);
  return note !== undefined && 'text' in note ? read(TRUST, parseJson(note.text)) : undefined;
}
