import { closeSync, constants, createReadStream, openSync, readSync, realpathSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { pause } from './pause.ts';

/** Milliseconds between looks at a pipe that has nothing yet. */
const INTERVAL = 20;

/**
 * The first bytes of a file or pipe as UTF-8, in bounded memory. Rejects with Node's own error and, while a pipe has
 * nothing, with the abort: Node itself would wait for a pipe in a thread, without which no process ends.
 */
export async function readBeginning(path: string, most: number, signal: AbortSignal): Promise<string> {
  return isPipe(path) ? beginningOfPipe(path, most, signal) : beginning(createReadStream(path), most);
}

/** The first bytes of a stream, which is then closed. */
export async function beginning(stream: Readable, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk));
    length += chunk.length;
    // Leaving the loop closes the stream.
    if (length >= most) break;
  }
  return Buffer.concat(chunks).subarray(0, most).toString();
}

function isPipe(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;
}

async function beginningOfPipe(path: string, most: number, signal: AbortSignal): Promise<string> {
  const pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  // One without a name, as <(COMMAND) in bash, has had its writers from the start.
  let hasWriter = !isNamed(path);
  const bytes = Buffer.alloc(most);
  let length = 0;
  try {
    while (length < most) {
      const read = readNow(pipe, bytes, length);
      if (read === 0 && hasWriter) break;
      if (read !== 0) hasWriter = true;
      if (read > 0) length += read;
      else if (!(await pause(INTERVAL, signal))) throw new Error('interrupted while reading it');
    }
  } finally {
    closeSync(pipe);
  }
  return bytes.toString('utf8', 0, length);
}

function isNamed(path: string): boolean {
  try {
    return !/^pipe:/.test(realpathSync(path).split('/').at(-1) ?? '');
  } catch {
    // /proc names a pipe by what is no path.
    return false;
  }
}

/** 0: there is no writer; -1: there is one, which has written nothing more. */
function readNow(pipe: number, bytes: Buffer, from: number): number {
  try {
    return readSync(pipe, bytes, from, bytes.length - from, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return -1;
    throw error;
  }
}
