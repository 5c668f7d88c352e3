import type { BenchResult } from '../bench/result.ts';
import type { ObservedEvent } from '../observe/event.ts';
import type { Run } from '../observe/run.ts';
import type { RunState } from '../observe/run-state.ts';
import type { GpuSeries } from './gpu-series.ts';
import type { LoadSeries } from './load-series.ts';
import type { LoggedWorker } from './worker-logs.ts';

/** plan.json, as far as a report shows it; a file of another release may lack any of it. */
export interface RecordedPlan {
  readonly dynamo?: string;
  readonly nodes?: readonly { readonly index: number; readonly roles?: readonly string[] }[];
  readonly gpus?: {
    readonly model: string;
    readonly perNode: number;
    readonly total: number;
    readonly used: number;
  };
  readonly workers?: readonly {
    readonly name: string;
    readonly role: string;
    readonly nodes: readonly number[];
    readonly gpus: readonly number[];
    readonly tp: number;
    readonly pp: number;
    readonly dp: number;
    readonly ep: number;
  }[];
  readonly processes?: readonly RecordedProcess[];
  readonly srun?: readonly { readonly name: string; readonly argv: readonly string[] }[];
  readonly readiness?: { readonly model?: string };
  readonly warnings?: readonly string[];
}

export interface RecordedProcess {
  readonly name: string;
  readonly kind: string;
  readonly role: string | null;
  readonly nodeIndex: number;
  readonly nodeRank: number;
  readonly gpus: readonly number[];
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly port: number; readonly count: number; readonly use: string }[];
}

/** Everything that a report says of one run. */
export interface RunData {
  readonly run: Run;
  readonly events: readonly ObservedEvent[];
  readonly state: RunState;
  /** Mock engines served: no figure says anything about GPUs. */
  readonly mock: boolean;
  readonly plan?: RecordedPlan;
  /** config.yaml as it was sent; it holds no secrets, for no config may. */
  readonly config?: string;
  readonly bench: readonly BenchResult[];
  readonly load?: LoadSeries;
  /** How the workers started, by their logs. */
  readonly starts?: readonly Pick<LoggedWorker, 'step' | 'stages'>[];
  readonly gpus: readonly GpuSeries[];
}
