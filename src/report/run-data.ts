import type { BenchResult } from '../bench/result.ts';
import type { RunSignature } from '../observe/run-signature.ts';
import type { ObservedEvent } from '../run/events.ts';
import type { Run } from '../run/folder.ts';
import type { PlanFile } from '../run/plan-file.ts';
import type { RunState } from '../run/state.ts';
import type { GpuSeries } from './gpu-series.ts';
import type { LoadSeries } from './load-series.ts';
import type { LoggedWorker } from './worker-logs.ts';

/** Everything that a report says of one run. */
export interface RunData {
  readonly run: Run;
  readonly events: readonly ObservedEvent[];
  readonly state: RunState;
  /** When it was read, of a run that goes on. */
  readonly now?: string;
  /** The known cause of a bad end. */
  readonly known?: RunSignature;
  /** Mock engines served: no figure says anything about GPUs. */
  readonly mock: boolean;
  readonly plan?: PlanFile;
  /** config.yaml as it was sent; it holds no secrets, for no config may. */
  readonly config?: string;
  readonly bench: readonly BenchResult[];
  readonly load?: LoadSeries;
  /** How the workers started, by their logs. */
  readonly starts?: readonly Pick<LoggedWorker, 'step' | 'stages'>[];
  readonly gpus: readonly GpuSeries[];
}
