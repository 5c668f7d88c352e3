import type { Host } from '../host/host.ts';
import { jobNumber } from './job-id.ts';
import { submitRequest } from './request.ts';
import type { Scheduler } from './scheduler.ts';
import { cancelCommand } from './slurm-argv.ts';
import { slurmCommands, type Timeouts } from './slurm-command.ts';
import { saysGone, saysUnreachable } from './slurm-parse.ts';
import { slurmQueue } from './slurm-queue.ts';
import { slurmSubmission } from './slurm-submit.ts';

interface SlurmOptions {
  readonly timeouts?: Partial<Timeouts>;
  /** Milliseconds after which to look once more for a job whose answer was lost. */
  readonly onceMore?: number;
}

/** Slurm over a host's commands. */
export function slurmScheduler(host: Host, { timeouts, onceMore }: SlurmOptions = {}): Scheduler {
  const commands = slurmCommands(host, timeouts);
  const queue = slurmQueue(commands);
  return {
    request: submitRequest,
    ...queue,
    ...slurmSubmission(host, commands, queue.find, onceMore),

    async cancel(id, signal) {
      const argv = cancelCommand(id);
      const result = await commands.run(argv, signal);
      if (result.exitCode === 0 || saysGone(result.stderr)) return;
      const code = saysUnreachable(result.stderr) ? 'connection' : 'rejected';
      throw commands.failure(argv, `scancel did not cancel job ${jobNumber(id)}`, result, code);
    },
  };
}
