import { readBench } from '../../../bench/read.ts';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import { benchText } from '../../views/bench-text.ts';
import type { World } from '../../world.ts';
import type { BenchEnd, BenchOptions, WantedBench } from './request.ts';

/** Shows what a benchmark came to; the exit code. @throws DynSlurmError `jobFailed` where nothing is left of it. */
export async function conclude(
  { name, plan: { bench } }: WantedBench,
  end: BenchEnd,
  { run, connection }: FoundRun,
  options: Pick<BenchOptions, 'json'>,
  world: World,
): Promise<number> {
  const result = (await readBench(connection.host, run)).find((one) => one.name === name);
  if (result === undefined) throw new DynSlurmError('jobFailed', `${end.reason}, and left no results`);
  const measured = result.points.length > 0;
  const folder = `${run.dir}/results/${name}`;
  if (options.json) world.out.write(`${JSON.stringify({ ...result, ...end, results: folder })}\n`);
  else if (measured || bench?.config.type !== 'custom') {
    world.out.write(benchText(result, world.page));
    world.err.write(`results are in ${folder}\n`);
  } else world.err.write(`${end.reason}; a command writes its results to ${folder}\n`);
  // Of a command of the user's that leaves nothing to read only its exit code is known.
  if (!measured && bench?.config.type === 'custom' && end.exit !== null) {
    return end.exit === 0 && result.valid ? EXIT.ok : end.exit === 0 ? EXIT.benchmarkInvalid : EXIT.jobFailed;
  }
  return result.valid ? EXIT.ok : EXIT.benchmarkInvalid;
}
