import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, type Stats } from 'node:fs';
import { chmod, type FileHandle, lstat, mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join, normalize, resolve } from 'node:path';
import type { DynSlurmError } from '../errors.ts';
import { findLoose } from './ancestors.ts';
import { runFolderRefusal } from './folder-refusal.ts';
import type { FilePart, HostFile } from './host.ts';

/** Host.writeFiles on this machine. */
export async function writeLocalFiles(dir: string, files: ReadonlyMap<string, HostFile>): Promise<void> {
  await mkdir(dirname(dir), { recursive: true, mode: 0o700 });
  const loose = await findLoose(resolve(dirname(dir)));
  if (loose) throw refusal(loose.path, loose.what);
  const made = await ownFolder(dir);
  try {
    await fillFolder(dir, files);
  } catch (error) {
    if (made) await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

async function fillFolder(dir: string, files: ReadonlyMap<string, HostFile>): Promise<void> {
  const folders = new Set([...files.keys()].flatMap(foldersAbove));
  for (const folder of [...folders].sort()) await ownFolder(join(dir, folder));
  for (const [path, file] of files) await writeNew(join(dir, path), file);
}

/** Folders of a relative path, which must stay inside. */
export function foldersAbove(path: string): readonly string[] {
  if (normalize(path) !== path || path.startsWith('/') || path.startsWith('..')) {
    throw new Error(`${path} is not a plain relative path`);
  }
  const above = dirname(path);
  return above === '.' ? [] : [...foldersAbove(above), above];
}

/** Whether it was made. Once a folder is ours and 0700, nobody else can plant anything in it. */
async function ownFolder(path: string): Promise<boolean> {
  let made = true;
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw refusal(path, 'cannot be created', error);
    made = false;
  }
  const found = await lstat(path);
  if (found.isSymbolicLink()) throw refusal(path, 'is a symbolic link');
  if (!found.isDirectory()) throw refusal(path, 'is not a folder');
  if (found.uid !== process.getuid?.()) throw refusal(path, `belongs to user ${found.uid}`);
  await chmod(path, 0o700);
  return made;
}

async function writeNew(path: string, { text, mode }: HostFile): Promise<void> {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  let handle: FileHandle;
  try {
    handle = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  } catch (error) {
    throw refusal(path, codeOf(error) === 'EEXIST' ? 'already exists' : 'cannot be written', error);
  }
  try {
    await handle.chmod(mode);
    await handle.writeFile(text);
  } catch (error) {
    throw refusal(path, 'cannot be written', error);
  } finally {
    await handle.close();
  }
}

/** libuv has no name for EDQUOT, which is 122 on Linux. */
const QUOTA = 'Unknown system error -122';

function refusal(path: string, what: string, cause?: unknown): DynSlurmError {
  const why = cause instanceof Error && codeOf(cause) !== 'EEXIST' ? cause.message : '';
  return runFolderRefusal(path, what, why.replaceAll(QUOTA, 'disk quota exceeded'), cause);
}

/** Host.remove on this machine. */
export async function removeLocalFolder(dir: string): Promise<void> {
  const found = await absent(lstat(dir));
  if (found === undefined) return;
  if (found.isSymbolicLink()) throw refusal(dir, 'is a symbolic link');
  if (found.uid !== process.getuid?.()) throw refusal(dir, `belongs to user ${found.uid}`);
  await rm(dir, { recursive: true, force: true });
}

const LARGEST_TEXT = 64 * 1024 * 1024;

/**
 * Host.readText on this machine. A file that vanishes or goes stale while it is read (NFS) is one that is not there.
 * Without a detour through the thread pool: thousands of small files are read at once.
 */
export function readLocalText(path: string): string | undefined {
  // O_NONBLOCK: a planted FIFO must not hold us.
  const file = absentNow(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  if (file === undefined) return undefined;
  try {
    const found = absentNow(() => fstatSync(file));
    if (found === undefined || !found.isFile()) return undefined;
    if (found.size <= LARGEST_TEXT) return absentNow(() => readFileSync(file, 'utf8'));
    const start = Buffer.alloc(LARGEST_TEXT);
    return start.toString('utf8', 0, readSync(file, start, 0, LARGEST_TEXT, 0));
  } finally {
    closeSync(file);
  }
}

/** Host.readEach on this machine. */
export async function readEachLocal(
  dir: string,
  file: string,
): Promise<ReadonlyMap<string, string | undefined>> {
  const names = await listLocal(dir);
  return new Map(names.map((name) => [name, readLocalText(join(dir, name, file))]));
}

/** Host.read on this machine. A file that vanishes or goes stale while it is read (NFS) is one that is not there. */
export async function readLocalPart(
  path: string,
  offset: number,
  length: number,
): Promise<FilePart | undefined> {
  // O_NONBLOCK: a planted FIFO must not hold us.
  const handle = await absent(open(path, constants.O_RDONLY | constants.O_NONBLOCK));
  if (handle === undefined) return undefined;
  try {
    const found: Stats | undefined = await absent(handle.stat());
    if (found === undefined || !found.isFile()) return undefined;
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(length, found.size - offset)));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
    return { bytes: buffer.subarray(0, bytesRead), size: found.size, id: `${found.dev}:${found.ino}` };
  } finally {
    await handle.close();
  }
}

export async function listLocal(dir: string): Promise<readonly string[]> {
  return ((await absent(readdir(dir))) ?? []).sort();
}

/** What may not be read is not there, either: others may have planted it. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ESTALE', 'ELOOP', 'EACCES', 'ENXIO']);
const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

async function absent<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (ABSENT.has(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

function absentNow<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (ABSENT.has(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}
