import type { Host } from '../host/host.ts';
import { type JobId, jobNumber } from './job-id.ts';
import { cancelCommand } from './slurm-argv.ts';
import { slurmCommands, type Timeouts } from './slurm-command.ts';
import { saysGone, saysUnreachable } from './slurm-parse.ts';
import { slurmQueue } from './slurm-queue.ts';
import { slurmSubmission } from './slurm-submit.ts';

interface SlurmOptions {
  readonly timeouts?: Timeouts;
  /** Milliseconds after which to look once more for a job whose answer was lost. */
  readonly onceMore?: number;
}

export type Scheduler = ReturnType<typeof slurmScheduler>;

/** Slurm over a host's commands. */
export function slurmScheduler(host: Host, { timeouts, onceMore }: SlurmOptions = {}) {
  const commands = slurmCommands(host, timeouts);
  const queue = slurmQueue(commands);
  return {
    ...queue,
    ...slurmSubmission(host, commands, queue.find, onceMore),

    /** Safe to repeat; a job that is gone is no error. */
    async cancel(id: JobId, signal: AbortSignal): Promise<void> {
      const argv = cancelCommand(id);
      const result = await commands.run(argv, signal);
      if (result.exitCode === 0 || saysGone(result.stderr)) return;
      const code = saysUnreachable(result.stderr) ? 'connection' : 'rejected';
      throw commands.failure(argv, `scancel did not cancel job ${jobNumber(id)}`, result, code);
    },
  };
}
