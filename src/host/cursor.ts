import type { FilePart } from './host.ts';

type Read = (path: string, offset: number, length: number) => Promise<FilePart | undefined>;

const CHUNK = 256 * 1024;

export interface Growth {
  readonly bytes: Uint8Array;
  /** The file was truncated or replaced since; `bytes` are from its new beginning. */
  readonly restarted: boolean;
}

/** A place in a file that others write, rotate and truncate. Keeps no file open, and opens anew for NFS's sake. */
export class FileCursor {
  readonly #read: Read;
  readonly path: string;
  offset: number;
  #id: string | undefined;

  constructor(read: Read, path: string, offset = 0) {
    this.#read = read;
    this.path = path;
    this.offset = offset;
  }

  /** What is there beyond the last call, at most a chunk; undefined where there is nothing new. */
  async next(): Promise<Growth | undefined> {
    const part = await this.#read(this.path, this.offset, CHUNK);
    if (part === undefined) return undefined;
    const replaced = this.#id !== undefined && part.id !== this.#id;
    this.#id = part.id;
    if (replaced || part.size < this.offset) {
      this.offset = 0;
      return { bytes: (await this.next())?.bytes ?? new Uint8Array(), restarted: true };
    }
    this.offset += part.bytes.length;
    return part.bytes.length === 0 ? undefined : { bytes: part.bytes, restarted: false };
  }
}
