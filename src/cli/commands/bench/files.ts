import { join } from 'node:path/posix';
import type { HostFile } from '../../../host/host.ts';
import { benchOutline } from '../../../plan/bench/outline.ts';
import type { BenchTarget } from '../../runs/bench-target.ts';
import type { World } from '../../world.ts';
import type { WantedBench } from './request.ts';

/** Writes bench.json into the folder of a benchmark's results, and `more` by path in that folder. */
export async function writeBench(
  { name, plan: { bench }, overlay, done, again }: WantedBench,
  { run, connection }: Pick<BenchTarget, 'run' | 'connection'>,
  more: ReadonlyMap<string, HostFile>,
  world: World,
): Promise<void> {
  const made = world.now().toISOString();
  if (bench === undefined) throw new Error('a benchmark without a bench');
  const outline = benchOutline(bench, { name, made, ...(overlay !== undefined && { overlay }) });
  // What another run has measured stays there.
  const points = again ? outline.points : outline.points.filter(({ folder }) => !done.has(folder));
  const text = `${JSON.stringify({ ...outline, points }, null, 2)}\n`;
  const files: ReadonlyMap<string, HostFile> = new Map([
    ...(again ? [] : ([['bench.json', { text, mode: 0o600 }]] as const)),
    ...more,
  ]);
  await connection.host.writeFiles(join(run.dir, 'results', name), files);
}
