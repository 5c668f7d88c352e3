import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

/** One end for a child, the other for us. */
export interface Pipe {
  /** The child's end; to be closed here once the child has it. */
  readonly fd: number;
  readonly stream: Socket;
}

/** By the child's file descriptor. */
export interface Pipes {
  readonly in?: Pipe;
  readonly out?: Pipe;
  readonly err?: Pipe;
}

/**
 * Real pipes. What Node calls a pipe between processes is a socket, from which bash takes itself to be started by a
 * remote shell and reads ~/.bashrc, and as which /dev/stdout cannot be opened. `dir` is a folder for their names.
 */
export function makePipes(dir: string, wanted: Readonly<Record<keyof Pipes, boolean>>): Pipes {
  const kinds = (['in', 'out', 'err'] as const).filter((kind) => wanted[kind]);
  if (kinds.length === 0) return {};
  const folder = mkdtempSync(join(dir, 'pipes-'));
  try {
    execFileSync(
      'mkfifo',
      kinds.map((kind) => join(folder, kind)),
    );
    return Object.fromEntries(
      kinds.map((kind) => [
        kind,
        kind === 'in' ? toChild(join(folder, kind)) : fromChild(join(folder, kind)),
      ]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function fromChild(path: string): Pipe {
  const own = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return {
    fd: openSync(path, constants.O_WRONLY),
    stream: new Socket({ fd: own, readable: true, writable: false }),
  };
}

/** Opened for both first, because opening one end of a FIFO waits for the other. */
function toChild(path: string): Pipe {
  const both = openSync(path, constants.O_RDWR);
  const fd = openSync(path, constants.O_RDONLY);
  const own = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  closeSync(both);
  return { fd, stream: new Socket({ fd: own, readable: false, writable: true }) };
}
