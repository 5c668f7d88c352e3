import type { DynSlurmError } from '../errors.ts';
import { commandError } from '../host/command-error.ts';
import type { CommandResult, ExecOptions, Host } from '../host/host.ts';
import { refusalHint } from './refusal.ts';
import { TIME_ENVIRONMENT } from './slurm-argv.ts';

/** Milliseconds that a command may take, by its name; then it is killed. */
export type Timeouts = Readonly<Record<string, number>>;

/**
 * Slurm's commands themselves try for 10 to 20 s to reach a controller that is down. sacct would wait for ever for a
 * slurmdbd that does not answer, and what it tells can be done without. salloc waits for as long as the queue is: it has
 * the most that a timer takes, 24 days.
 */
const TIMEOUTS: Timeouts = { sbatch: 120_000, sacct: 20_000, sinfo: 20_000, salloc: 2_147_483_000 };
const OTHERS = 40_000;

export type SlurmCommands = ReturnType<typeof slurmCommands>;

/** Slurm's commands on a host. */
export function slurmCommands(host: Host, timeouts: Timeouts = {}) {
  function run(
    argv: readonly string[],
    signal: AbortSignal,
    more: Pick<ExecOptions, 'input' | 'env'> = {},
  ): Promise<CommandResult> {
    const timeout = { ...TIMEOUTS, ...timeouts }[argv[0] ?? ''] ?? OTHERS;
    return host.exec(argv, { timeout, signal, env: TIME_ENVIRONMENT, ...more });
  }

  /** What a command's failure comes to; Slurm's own words come first where it `rejected` something. */
  function failure(
    argv: readonly string[],
    what: string,
    result: CommandResult,
    code: 'connection' | 'rejected',
  ): DynSlurmError {
    const wordsFirst = code === 'rejected';
    const hint = wordsFirst ? refusalHint(result.stderr) : undefined;
    const how = `exit ${result.exitCode}`;
    const failed = { ...result, what, how, argv, host: host.name, wordsFirst };
    return commandError(failed, code, hint === undefined ? {} : { hint });
  }

  /** What a command prints. `fine`: whether what it says on stderr is no trouble. @throws DynSlurmError `connection` */
  async function printed(
    argv: readonly string[],
    signal: AbortSignal,
    what: string,
    fine: (stderr: string) => boolean = () => false,
  ): Promise<string> {
    const result = await run(argv, signal);
    if (result.exitCode === 0 || fine(result.stderr)) return result.stdout;
    throw failure(argv, what, result, 'connection');
  }

  return { run, failure, printed };
}
