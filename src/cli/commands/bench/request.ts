import type { Plan } from '../../../plan/plan.ts';
import type { LookupOptions } from '../../runs/lookup.ts';
import type { BenchFlags } from './flags.ts';

export interface BenchOptions extends LookupOptions, BenchFlags {
  /** The run; also the word before `--`. */
  readonly run?: string;
  /** Go on with a benchmark that was cut off: of that run, or of the same one. */
  readonly resume?: string | boolean;
  /** End the one that runs. */
  readonly stop?: boolean;
  /** Only print what is there. */
  readonly show?: boolean;
  readonly json?: boolean;
}

/** A benchmark that is about to run. */
export interface WantedBench {
  /** Its folder in `results/`. */
  readonly name: string;
  /** The config's plan with the benchmark in it. */
  readonly plan: Plan;
  /** The config's own plan, whose secrets the run has. */
  readonly original: Plan;
  readonly overlay: string | undefined;
  /** Folders of measurements that need not be made again. */
  readonly done: ReadonlySet<string>;
  /** Its files are there already. */
  readonly again: boolean;
}

/** How a benchmark's run has ended; undefined where it goes on, and is not watched any more. */
export interface BenchEnd {
  readonly exit: number | null;
  readonly reason: string;
}
