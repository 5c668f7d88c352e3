import { execFile } from 'node:child_process';
import { createInterface } from 'node:readline';
import { DynSlurmError } from '../../errors.ts';
import type { Environment } from '../../host/environment.ts';

/** How a program that was run to its end ended. `exitCode` is null where it could not start or a signal ended it. */
export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly timeout?: number;
  /** Gets each line that the program writes to stderr, as it comes. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a program to its end, whatever that is.
 * @throws {DynSlurmError} `interrupted` when the signal aborts.
 */
export function run(argv: readonly string[], options: RunOptions): Promise<Ended> {
  const { env, signal, timeout = 0, onLine } = options;
  const [file = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const settings = {
      env: { ...env },
      timeout,
      signal,
      maxBuffer: 64 * 1024 * 1024,
      encoding: 'utf8' as const,
    };
    const child = execFile(file, args, settings, (error, stdout, stderr) => {
      const end = () => {
        if (signal?.aborted) return reject(interrupted());
        if (error === null) return resolve({ exitCode: 0, stdout, stderr });
        const exitCode = typeof error.code === 'number' ? error.code : null;
        resolve({ exitCode, stdout, stderr: stderr || error.message });
      };
      // An abort is told before the program has ended, and its files may go only then.
      const running = child.pid !== undefined && child.exitCode === null && child.signalCode === null;
      if (running) child.once('exit', end);
      else end();
    });
    if (onLine !== undefined && child.stderr !== null) {
      createInterface({ input: child.stderr }).on('line', onLine);
    }
  });
}

export function interrupted(): DynSlurmError {
  return new DynSlurmError('interrupted', 'The setup was interrupted; no partial installation is left.');
}
