import type { Site } from './site.ts';

/** One call of a program that poses as Slurm's: all it may know of the process that it runs in. */
export interface Call {
  /** `srun`. */
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly site: Site;
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
  readonly input: NodeJS.ReadableStream;
  readonly inputIsTerminal: boolean;
  onSignal(signal: NodeJS.Signals, listener: () => void): void;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The end of a call with an error; the message is all that it prints. */
export class Refusal extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}
