import type { BenchResult } from '../../bench/result.ts';
import { EXIT } from '../../errors.ts';
import type { Host } from '../../host/host.ts';
import type { Run } from '../../run/folder.ts';
import type { RunState } from '../../run/state.ts';
import { exitOfRun } from '../runs/exit.ts';
import type { Page } from '../world.ts';
import { benchText } from './bench-text.ts';

/** How a run has ended, with what became of its benchmarks. */
export interface BenchedEnd {
  readonly code: number;
  /** Its benchmarks, the config's and others. */
  readonly results: readonly BenchResult[];
  /** The results that the job was for, as lines; empty where there are none. */
  readonly text: string;
}

/** The exit code of a run, and the results of its benchmarks. A run that goes on, or had none, is as it is. */
export async function benchedEnd(host: Host, run: Run, state: RunState, page: Page): Promise<BenchedEnd> {
  const code = exitOfRun(state);
  // Most runs have none, and reading is not free at a distance.
  const names = await host.list(run.dir);
  if (!names.includes('bench.json') && !names.includes('results')) return { code, results: [], text: '' };
  const { readBench } = await import('../../bench/read.ts');
  const results = await readBench(host, run);
  const own = results.find(({ name }) => name === 'bench');
  if (own === undefined || !state.verdict || !wasBegun(own, state)) return { code, results, text: '' };
  return { code: judged(code, own), results, text: benchText(own, page) };
}

/** A job that never came to its benchmark has other troubles. */
function wasBegun({ points }: BenchResult, { steps }: RunState): boolean {
  return steps.has('bench') || points.length > 0;
}

/** Of a job that failed, the benchmark is the result only where a worker was lost under it. */
function judged(code: number, { valid, problems }: BenchResult): number {
  if (valid) return code;
  const lost = problems.some(({ kind }) => kind === 'worker-lost' || kind === 'worker-restarted');
  return code === EXIT.ok || (code === EXIT.jobFailed && lost) ? EXIT.benchmarkInvalid : code;
}
