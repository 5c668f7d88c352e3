import type { Step } from '../plan/plan.ts';
import { RUN_DIR } from '../plan/word.ts';
import { quoteCommand } from './shell.ts';

/** What a job that serves is told, see lib/bench.sh: to run a step's script, which lies at that path in the run folder. */
export function benchLaunch({ srun }: Step, script: string): string {
  return `launch_bench ${quoteCommand([...srun.slice(0, -1), [RUN_DIR, `/${script}`]])}\n# end\n`;
}

/** To end it. */
export const BENCH_STOP = 'stop_bench\n# end\n';
