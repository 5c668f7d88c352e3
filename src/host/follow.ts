import { FileCursor } from './cursor.ts';
import type { FilePart } from './host.ts';
import { pause } from './pause.ts';

/** Milliseconds between looks at a quiet file; files on NFS and Lustre give no notice of growth. */
const SHORTEST = 50;
const LONGEST = 400;

/** Host.follow over a host's `read`. */
export async function* followFile(
  read: (path: string, offset: number, length: number) => Promise<FilePart | undefined>,
  path: string,
  offset: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const cursor = new FileCursor(read, path, offset);
  let wait = SHORTEST;
  while (!signal.aborted) {
    const growth = await cursor.next();
    if (growth === undefined) {
      if (!(await pause(wait, signal))) return;
      wait = Math.min(wait * 2, LONGEST);
      continue;
    }
    wait = SHORTEST;
    if (growth.restarted) yield new Uint8Array();
    if (growth.bytes.length > 0) yield growth.bytes;
  }
}
