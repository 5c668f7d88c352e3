import type { DynSlurmError } from '../errors.ts';
import { commandError } from '../host/command-error.ts';
import type { CommandResult, Host } from '../host/host.ts';
import { refusalHint } from './refusal.ts';
import { TIME_ENVIRONMENT } from './slurm-argv.ts';

type Program = 'sbatch' | 'squeue' | 'sacct' | 'scancel' | 'sinfo';

/** Milliseconds that each of Slurm's commands may take; then it is killed. */
export type Timeouts = Readonly<Record<Program, number>>;

/**
 * Slurm's commands themselves try for 10 to 20 s to reach a controller that is down. sacct would wait for ever for a
 * slurmdbd that does not answer, and what it tells can be done without.
 */
const TIMEOUTS: Timeouts = {
  sbatch: 120_000,
  squeue: 40_000,
  sacct: 20_000,
  scancel: 40_000,
  sinfo: 20_000,
};

/** Slurm's commands on a host. */
export interface SlurmCommands {
  run(argv: readonly string[], signal: AbortSignal, more?: RunMore): Promise<CommandResult>;
  /** What a command's failure comes to. */
  failure(
    argv: readonly string[],
    what: string,
    result: CommandResult,
    code: 'connection' | 'rejected',
    hint?: string,
  ): DynSlurmError;
}

interface RunMore {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function slurmCommands(host: Host, timeouts: Partial<Timeouts> = {}): SlurmCommands {
  return {
    run(argv, signal, { input, env = TIME_ENVIRONMENT } = {}) {
      const timeout = { ...TIMEOUTS, ...timeouts }[argv[0] as Program];
      return host.exec(argv, { timeout, signal, env, ...(input !== undefined && { input }) });
    },
    failure(argv, what, result, code, hint) {
      const advice = code === 'rejected' ? refusalHint(result.stderr) : hint;
      return commandError(
        {
          ...result,
          what,
          how: `exit ${result.exitCode}`,
          argv,
          host: host.name,
          wordsFirst: code === 'rejected',
        },
        code,
        advice === undefined ? {} : { hint: advice },
      );
    },
  };
}
