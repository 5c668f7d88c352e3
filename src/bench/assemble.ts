import type { BenchOutline } from '../plan/bench/spec.ts';
import type { ObservedEvent } from '../run/events.ts';
import { type Losses, lossesBetween } from '../run/losses.ts';
import { stateAfter } from '../run/state.ts';
import { type PointFacts, pointOf } from './point.ts';
import type { PointRecord } from './point-record.ts';
import type { BenchPoint, BenchProblem, BenchProvenance, BenchResult } from './result.ts';
import { type Measured, present } from './tool/measured.ts';

/** One measurement as its folder has it. */
export interface FoundPoint {
  readonly concurrency: number;
  readonly prompts?: number;
  readonly record?: PointRecord;
  readonly measured?: Measured;
}

export interface FoundBench {
  readonly run: string;
  readonly outline: BenchOutline;
  readonly provenance: BenchProvenance;
  readonly points: readonly FoundPoint[];
  readonly events: readonly ObservedEvent[];
  /** It still goes on, so that what is missing may come yet. */
  readonly underway: boolean;
}

/** A benchmark's result from what its run folder holds. Pure. */
export function benchResult(found: FoundBench): BenchResult {
  const { run, outline, provenance, events, underway } = found;
  const { losses } = stateAfter(events);
  const measured = found.points.map((point) => withLosses(point, found, losses));
  const shown = underway ? measured.filter(({ record, measured: result }) => record ?? result) : measured;
  const points = grouped(shown.filter(({ record, measured: result }) => record ?? result).map(pointOf));
  const absent = underway ? [] : shown.filter(({ record, measured: result }) => !record && !result);
  const problems: readonly BenchProblem[] = [
    ...points.flatMap((point) => (point.runs ?? [point]).flatMap((each) => each.problems)),
    ...absent.map(({ concurrency }) => ({
      kind: 'missing' as const,
      concurrency,
      reason: 'it was not measured',
    })),
    ...failedCommand(found),
  ];
  const times = points.flatMap(({ started, ended, runs = [] }) => [
    started,
    ended,
    ...runs.map((each) => each.started),
  ]);
  const known = times.filter((time) => time !== undefined).toSorted();
  const own = ownTimes(events, outline);
  const started = known[0] ?? own.started;
  const ended = underway ? undefined : (known.at(-1) ?? own.ended);
  const version = shown.map((point) => point.measured?.toolVersion).find((one) => one !== undefined);
  const { isl, osl, requestRate } = outline;
  return {
    schema: 'dyn-slurm/bench/1',
    run,
    name: outline.name,
    tool: outline.type,
    ...present({ toolVersion: version, started, ended }),
    valid: problems.length === 0 && !underway,
    problems,
    partial: underway || absent.length > 0 || points.some(({ partial }) => partial),
    provenance,
    load: { ...present({ isl, osl }), requestRate },
    points,
  };
}

function withLosses(
  point: FoundPoint,
  { outline, provenance, events }: FoundBench,
  losses: Losses,
): PointFacts {
  const { record, concurrency, prompts, measured } = point;
  const own = ownTimes(events, outline);
  const from = record?.started ?? Date.parse(own.started ?? '');
  const until = record?.ended ?? Date.parse(own.ended ?? '');
  return {
    concurrency,
    prompts,
    record,
    measured,
    losses: Number.isNaN(from)
      ? []
      : lossesBetween(losses, from, Number.isNaN(until) ? Number.POSITIVE_INFINITY : until).map(
          ({ kind, reason }) => ({ kind, reason }),
        ),
    gpus: provenance.gpus.total,
    outline,
  };
}

/** A command of the user's that failed, where its results do not show it. */
function failedCommand({ outline, events }: FoundBench): readonly BenchProblem[] {
  if (outline.type !== 'custom') return [];
  const { started } = ownTimes(events, outline);
  const end = events.find(
    (event) =>
      (event.kind === 'step-ended' || event.kind === 'process-ended') &&
      event.step === 'bench' &&
      event.time >= (started ?? ''),
  );
  if (end === undefined || !('exit' in end) || end.exit === 0 || !('reason' in end)) return [];
  return [{ kind: 'tool', reason: String(end.reason) }];
}

/** Milliseconds by which clocks of the cluster and of a person's machine may differ. */
const SKEW = 1500;

/** The times of the step itself, for tools that note none of their own. */
function ownTimes(
  events: readonly ObservedEvent[],
  { made }: BenchOutline,
): { readonly started?: string; readonly ended?: string } {
  const begins = (event: ObservedEvent) => event.kind === 'step-started' && event.step === 'bench';
  const at =
    made === undefined
      ? events.findLastIndex(begins)
      : events.findIndex((event) => begins(event) && Date.parse(event.time) > Date.parse(made) - SKEW);
  const started = events[at]?.time;
  if (started === undefined) return {};
  const end = events
    .slice(at + 1)
    .find((event) => event.kind === 'teardown' || ('step' in event && event.step === 'bench'));
  return { started, ...(end && { ended: end.time }) };
}

/** Measurements of the same concurrency are one point; the last one speaks for it. */
function grouped(points: readonly BenchPoint[]): readonly BenchPoint[] {
  const byConcurrency = new Map<number, BenchPoint[]>();
  for (const point of points) {
    byConcurrency.set(point.concurrency, [...(byConcurrency.get(point.concurrency) ?? []), point]);
  }
  return [...byConcurrency.values()].flatMap((runs) => {
    const last = runs.at(-1);
    if (last === undefined || runs.length === 1) return runs;
    return [
      {
        ...last,
        valid: runs.every(({ valid }) => valid),
        partial: runs.some(({ partial }) => partial),
        problems: runs.flatMap(({ problems }) => problems),
        runs,
      },
    ];
  });
}
