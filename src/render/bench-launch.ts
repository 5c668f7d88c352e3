import type { Job } from '../config/job.ts';
import type { Step } from '../plan/plan.ts';
import { srunCommand } from '../plan/step.ts';
import { RUN_DIR } from '../plan/word.ts';
import { quoteCommand } from './shell.ts';

/** What a job that serves is told, see lib/bench.sh: to run a step's script, which lies at that path in the run folder. */
export function benchLaunch(step: Step, job: Job, script: string): string {
  const command = srunCommand(step, job).slice(0, -1);
  return `launch_bench ${quoteCommand([...command, [RUN_DIR, `/${script}`]])}\n# end\n`;
}

/** To end it. */
export const BENCH_STOP = 'stop_bench\n# end\n';
