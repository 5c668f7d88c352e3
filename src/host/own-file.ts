import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  type Stats,
} from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';

/** A file that nobody else can change or replace. */
export interface OwnFile {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** UTF-8. */
  readonly text: string;
}

/** Why a file is not an own one. */
export interface NotOwn {
  /** The file itself, or the folder or link on the way to it that is at fault. */
  readonly path: string;
  /** User id. */
  readonly owner: number;
  readonly fault: 'owner' | 'writable' | 'kind' | 'size';
}

/** Bytes; what is read here is written by hand. */
const LARGEST = 1024 * 1024;
const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Reads a file that belongs, with every folder and symbolic link on the way to it, to the caller or root, and that
 * nobody else can write; as sshd's StrictModes, but for folders with the sticky bit, in which nobody can replace what is
 * another's. Undefined where there is no such file, whatever its folders are like. `path`: absolute.
 */
export function readOwnFile(path: string): OwnFile | NotOwn | undefined {
  if (!existsSync(path)) return undefined;
  const real = ownPath(path);
  if (typeof real !== 'string') return real;
  // O_NONBLOCK: a FIFO must not hold us. Nobody else can have changed the path since it was looked at.
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = openSync(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const found = fstatSync(file);
    const fault =
      faultOf(found) ?? (found.isFile() ? undefined : 'kind') ?? (found.size > LARGEST ? 'size' : undefined);
    if (fault !== undefined) return { path: real, owner: found.uid, fault };
    return { path: real, text: readFileSync(file, 'utf8') };
  } finally {
    closeSync(file);
  }
}

/** The path without links, where every part of the way is the caller's or root's. */
function ownPath(path: string): string | NotOwn | undefined {
  const parts = partsOf(path);
  let at = '/';
  const root = lstatSync(at);
  const fault = faultOf(root);
  if (fault !== undefined) return { path: at, owner: root.uid, fault };
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (part === '..') {
      at = dirname(at);
      continue;
    }
    const next = join(at, part);
    const found = statusOf(next);
    if (found === undefined) return undefined;
    const fault = faultOf(found);
    if (fault !== undefined) return { path: next, owner: found.uid, fault };
    if (!found.isSymbolicLink()) {
      at = next;
      continue;
    }
    const target = readlinkSync(next);
    if (target.startsWith('/')) at = '/';
    parts.unshift(...partsOf(target));
  }
  return at;
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

function faultOf(found: Stats): 'owner' | 'writable' | undefined {
  if (found.uid !== 0 && found.uid !== process.getuid?.()) return 'owner';
  if (found.isSymbolicLink() || (found.mode & WRITABLE_BY_OTHERS) === 0) return undefined;
  return found.isDirectory() && (found.mode & STICKY) !== 0 ? undefined : 'writable';
}

function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}
