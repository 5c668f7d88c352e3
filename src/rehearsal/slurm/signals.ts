import { constants } from 'node:os';

const NUMBERS = constants.signals as Readonly<Record<string, number>>;

/** `TERM`, `SIGTERM`, `term` or `15`; undefined for what is no signal. */
export function parseSignal(text: string): NodeJS.Signals | undefined {
  const wanted = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  const name = Object.keys(NUMBERS).find((known) => known === wanted || String(NUMBERS[known]) === text);
  return name as NodeJS.Signals | undefined;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
}

/** The exit code in which a signal counts as 128 plus its number. */
export function exitCode({ code, signal }: ProcessEnd): number {
  return signal === null ? code : 128 + (NUMBERS[signal] ?? 0);
}

/** In the words of srun: `Exited with exit code 3`, `Killed`. */
export function describeEnd({ code, signal }: ProcessEnd): string {
  if (signal === null) return `Exited with exit code ${code}`;
  const words: Partial<Record<NodeJS.Signals, string>> = { SIGKILL: 'Killed', SIGTERM: 'Terminated' };
  return words[signal] ?? `Signal ${NUMBERS[signal]}`;
}
