import { constants } from 'node:os';

const NUMBERS = constants.signals as Readonly<Record<string, number>>;

/** `TERM`, `SIGTERM`, `term` or `15`. Undefined for what is no signal. */
export function parseSignal(text: string): NodeJS.Signals | undefined {
  const upper = text.toUpperCase();
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  if (name in NUMBERS) return name as NodeJS.Signals;
  return Object.keys(NUMBERS).find((key) => /^\d+$/.test(text) && NUMBERS[key] === Number(text)) as
    | NodeJS.Signals
    | undefined;
}

export function signalNumber(signal: NodeJS.Signals): number {
  return NUMBERS[signal] ?? 0;
}

/** sbatch's `--signal=[B:]SIG[@SECONDS]`. */
export interface EarlySignal {
  readonly signal: NodeJS.Signals;
  /** To the batch shell only; otherwise to the steps and not to it. */
  readonly batch: boolean;
  /** Before the time limit. */
  readonly seconds: number;
}

export function parseEarlySignal(text: string): EarlySignal | undefined {
  const [, flags = '', name = '', seconds = '60'] = /^(?:([BR]+):)?(\w+)(?:@(\d+))?$/i.exec(text) ?? [];
  const signal = parseSignal(name);
  return signal && { signal, batch: /b/i.test(flags), seconds: Number(seconds) };
}

/** What glibc's strsignal says, in srun's `task 1: Killed`. */
export function signalDescription(signal: NodeJS.Signals): string {
  return DESCRIPTIONS[signal] ?? `Signal ${signalNumber(signal)}`;
}

const DESCRIPTIONS: Partial<Record<NodeJS.Signals, string>> = {
  SIGHUP: 'Hangup',
  SIGINT: 'Interrupt',
  SIGQUIT: 'Quit',
  SIGILL: 'Illegal instruction',
  SIGTRAP: 'Trace/breakpoint trap',
  SIGABRT: 'Aborted',
  SIGBUS: 'Bus error',
  SIGFPE: 'Floating point exception',
  SIGKILL: 'Killed',
  SIGUSR1: 'User defined signal 1',
  SIGSEGV: 'Segmentation fault',
  SIGUSR2: 'User defined signal 2',
  SIGPIPE: 'Broken pipe',
  SIGALRM: 'Alarm clock',
  SIGTERM: 'Terminated',
};
