import { foundPoints } from '../../../bench/found-points.ts';
import { isWhole } from '../../../bench/point-record.ts';
import { benchOutlines } from '../../../bench/read.ts';
import { DynSlurmError } from '../../../errors.ts';
import { CONFIGURED } from '../../../plan/bench/outline.ts';
import type { Run } from '../../../run/folder.ts';
import type { Connection, FoundRun } from '../../runs/cluster/connect.ts';
import { lookUpRun } from '../../runs/lookup.ts';
import { jobOf } from '../../runs/session/change.ts';
import type { World } from '../../world.ts';

/** A benchmark that was cut off. */
export interface Unfinished {
  /** Id of its run. */
  readonly run: string;
  /** Undefined of the config's own, whose folder belongs to the job. */
  readonly name: string | undefined;
  readonly overlay: string | undefined;
  /** Folders of its whole measurements. */
  readonly done: ReadonlySet<string>;
}

/** The benchmark of a run's own config, as another config can have it. */
async function ownBench({ run, connection }: FoundRun, world: World): Promise<string | undefined> {
  const valid = await jobOf({ run, connection, job: { cluster: connection.cluster } }, undefined, world);
  const bench = valid?.plan.bench?.config;
  if (bench === undefined) return undefined;
  const { point_time_limit: limit, ...rest } = bench;
  return JSON.stringify({
    bench: { ...rest, ...(limit !== undefined && { point_time_limit: `${limit}s` }) },
  });
}

/**
 * The last benchmark of a run that has measurements to be made. `from`: another run, or true for the run itself.
 * @throws DynSlurmError `usage` where there is none.
 */
export async function resumed(
  from: string | boolean,
  run: Run,
  connection: Connection,
  world: World,
): Promise<Unfinished> {
  const source =
    typeof from === 'string'
      ? await lookUpRun(from, { cluster: connection.cluster }, world)
      : { run, connection };
  const { host } = source.connection;
  for (const outline of (await benchOutlines(host, source.run)).toReversed()) {
    if (outline.type === 'custom') continue;
    const points = await foundPoints(host, source.run, outline);
    const done = outline.points
      .filter((_, index) => isWhole(points[index]?.record))
      .map(({ folder }) => folder);
    if (done.length === outline.points.length) continue;
    const configured = outline.name === CONFIGURED;
    return {
      run: source.run.id,
      name: configured ? undefined : outline.name,
      overlay: configured ? await ownBench(source, world) : outline.overlay,
      done: new Set(done),
    };
  }
  throw new DynSlurmError('usage', `run ${source.run.id} has no interrupted benchmark`, {
    hint: '`dyn-slurm bench RUN --show` shows its results',
  });
}
