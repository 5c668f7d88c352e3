import { join } from 'node:path/posix';
import { readBench } from '../../../bench/read.ts';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import type { HostFile } from '../../../host/host.ts';
import { benchOutline } from '../../../plan/bench/spec.ts';
import type { Plan } from '../../../plan/plan.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import { jsonLine, jsonText } from '../../sink.ts';
import { benchText } from '../../views/bench-text.ts';
import type { World } from '../../world.ts';

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

/** Writes bench.json into the folder of a benchmark's results, and `more` by path in that folder. */
export async function writeBench(
  { name, plan: { bench }, overlay, done, again }: WantedBench,
  { run, connection }: FoundRun,
  more: ReadonlyMap<string, HostFile>,
  world: World,
): Promise<void> {
  if (bench === undefined) throw new Error('a benchmark without a bench');
  const made = world.now().toISOString();
  const outline = benchOutline(bench, { name, made, ...(overlay !== undefined && { overlay }) });
  const files = new Map(more);
  if (!again) {
    // What another run has measured stays there.
    const points = outline.points.filter(({ folder }) => !done.has(folder));
    files.set('bench.json', { text: jsonText({ ...outline, points }), mode: 0o600 });
  }
  await connection.host.writeFiles(join(run.dir, 'results', name), files);
}

/** Shows what a benchmark came to; the exit code. @throws DynSlurmError `jobFailed` where nothing is left of it. */
export async function conclude(
  { name, plan: { bench } }: WantedBench,
  end: BenchEnd,
  { run, connection }: FoundRun,
  options: { readonly json?: boolean },
  world: World,
): Promise<number> {
  const result = (await readBench(connection.host, run)).find((one) => one.name === name);
  if (result === undefined) throw new DynSlurmError('jobFailed', `${end.reason}, and left no results`);
  const folder = `${run.dir}/results/${name}`;
  // Of a command of the user's that leaves nothing to read only its exit code is known.
  const unread = result.points.length === 0 && !result.accuracy && bench?.config.type === 'custom';
  if (options.json) world.out.write(jsonLine({ ...result, ...end, results: folder }));
  else if (unread) world.err.write(`${end.reason}; a command writes its results to ${folder}\n`);
  else {
    world.out.write(benchText(result, world.page));
    world.err.write(`results are in ${folder}\n`);
  }
  if (unread && end.exit !== null && end.exit !== 0) return EXIT.jobFailed;
  return result.valid ? EXIT.ok : EXIT.benchmarkInvalid;
}
