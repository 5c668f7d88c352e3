import { DynSlurmError } from '../../../errors.ts';
import { LOCAL } from '../../runs/cluster/connect.ts';
import { jsonText } from '../../sink.ts';
import { table } from '../../views/table.ts';
import type { World } from '../../world.ts';
import { NO_ROUTE, type Profiling, type Told } from './engine.ts';
import type { Trace } from './traces.ts';

export interface Profiled extends Profiling {
  readonly traces: readonly Trace[];
}

/** `facts`: what `profile --json` begins with. */
export function profileText(
  facts: { readonly folder: string },
  profiled: readonly Profiled[],
  json: boolean,
  { page }: Pick<World, 'page'>,
): string {
  if (json) return jsonText({ ...facts, workers: profiled.map(workerJson) });
  const rows = profiled.flatMap(({ worker, traces, ...told }): string[][] => {
    const problem = problemOf({ ...told, traces });
    return [
      ...traces.map(({ file, bytes }) => [worker.step, sizeText(bytes), file]),
      ...(problem === undefined ? [] : [[worker.step, '-', problem]]),
    ];
  });
  return `${facts.folder}\n\n${table(['worker', 'size', 'trace'], rows, page)}`;
}

function workerJson({ worker, traces, ...told }: Profiled) {
  return { worker: worker.step, role: worker.role, error: problemOf({ ...told, traces }) ?? null, traces };
}

function problemOf({ started, stopped, traces }: Omit<Profiled, 'worker'>): string | undefined {
  if (!started.done) return `not started: ${started.reason}`;
  if (!stopped.done) return `not stopped: ${stopped.reason}`;
  return traces.length === 0 ? 'no trace was written' : undefined;
}

/** `1.5 MB`. */
function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const unit = Math.min(3, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** unit).toFixed(1)} ${['B', 'kB', 'MB', 'GB'][unit]}`;
}

/** Why nothing was profiled. */
export function refusal(profiling: readonly Profiling[], cluster: string): DynSlurmError {
  const refused = profiling.flatMap(({ worker, started }) => (started.done ? [] : [{ worker, ...started }]));
  const message = refused.map(({ worker, reason }) => `${worker.step}: ${reason}`).join('; ');
  const all = (test: (told: Told & { done: false }) => boolean) => refused.every((each) => test(each));
  if (all(({ status }) => status === NO_ROUTE)) {
    const hint =
      cluster === LOCAL
        ? 'mock engines of a rehearsal cannot be profiled: profile a run on GPUs'
        : 'profiling needs an engine that Dynamo can profile, and Dynamo 0.8 or later in the image';
    return new DynSlurmError('preflight', `nothing was profiled: ${message}`, { hint });
  }
  if (all(({ status }) => status === undefined)) {
    return new DynSlurmError('connection', `no worker could be reached: ${message}`, {
      hint: 'the system ports of the workers must be reachable from here, or from the login node',
    });
  }
  return new DynSlurmError('jobFailed', `nothing was profiled: ${message}`, {
    hint: "see the workers' logs: `dyn-slurm logs RUN WORKER`; a profile that someone else started runs until it is stopped",
  });
}
