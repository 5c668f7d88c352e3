import type { Environment } from '../../host/environment.ts';
import type { StandIn } from './state-dir.ts';

/** One call of a program that poses as Slurm's, with all that it may use of the process that it runs in. */
export interface Call {
  readonly args: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly standIn: StandIn;
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
  readonly input: NodeJS.ReadableStream;
  onSignal(signal: NodeJS.Signals, listener: () => void): void;
}

/** Ends a call with exit code 1. The message is all that the program prints. */
export class Refusal extends Error {}
