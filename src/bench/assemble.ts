import type { BenchOutline } from '../plan/bench/spec.ts';
import type { ObservedEvent } from '../run/events.ts';
import { type Losses, lossesBetween } from '../run/losses.ts';
import { stateAfter } from '../run/state.ts';
import { type FoundAccuracy, judgeAccuracy, marked } from './accuracy.ts';
import type { GpuPower } from './gpu-power.ts';
import { grouped } from './grouped.ts';
import { failedCommand, ownTimes } from './own-step.ts';
import { type PointFacts, pointOf } from './point.ts';
import type { PointRecord } from './point-record.ts';
import type { BenchProblem, BenchResult } from './result.ts';
import type { Speculation } from './speculation.ts';
import type { BenchProvenance } from './system.ts';
import { type Measured, present } from './tool/measured.ts';

/** One measurement as its folder has it. */
export interface FoundPoint {
  readonly concurrency: number;
  readonly prompts?: number;
  /** Where each point has its own. */
  readonly requestRate?: number | 'inf';
  readonly record?: PointRecord;
  readonly measured?: Measured;
}

export interface FoundBench {
  readonly run: string;
  readonly outline: BenchOutline;
  readonly provenance: BenchProvenance;
  readonly points: readonly FoundPoint[];
  /** For a benchmark that asks questions. */
  readonly accuracy?: FoundAccuracy;
  readonly events: readonly ObservedEvent[];
  readonly power: GpuPower;
  readonly speculation?: Speculation;
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
  const judged = { judged: !provenance.mock, underway };
  const questions = judgeAccuracy(outline.accuracy, found.accuracy ?? {}, judged);
  const problems: readonly BenchProblem[] = [
    ...questions.problems,
    ...points.flatMap((point) => (point.runs ?? [point]).flatMap((each) => each.problems)),
    ...absent.map(({ concurrency }) => ({
      kind: 'missing' as const,
      concurrency,
      reason: 'it was not measured',
    })),
    ...failedCommand(outline, events),
  ];
  const times = points.flatMap(({ started, ended, runs = [] }) => [
    started,
    ended,
    ...runs.map((each) => each.started),
  ]);
  if (questions.accuracy) times.push(questions.accuracy.started, questions.accuracy.ended);
  const known = times.filter((time) => time !== undefined).toSorted();
  const own = ownTimes(events, outline);
  const started = known[0] ?? own.started;
  const ended = underway ? undefined : (known.at(-1) ?? own.ended);
  const version = shown.map((point) => point.measured?.toolVersion).find((one) => one !== undefined);
  const { isl, osl, requestRate, slo } = outline;
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
    load: present({ isl, osl, requestRate, slo }),
    ...present({ accuracy: questions.accuracy }),
    points: marked(points, questions.problems),
  };
}

function withLosses(
  point: FoundPoint,
  { outline, provenance, events, power, speculation }: FoundBench,
  losses: Losses,
): PointFacts {
  const { record, concurrency, prompts, measured, requestRate } = point;
  const own = ownTimes(events, outline);
  const from = record?.started ?? Date.parse(own.started ?? '');
  const until = record?.ended ?? Date.parse(own.ended ?? '');
  return {
    concurrency,
    prompts,
    ...(requestRate !== undefined && { requestRate }),
    record,
    measured,
    losses: Number.isNaN(from)
      ? []
      : lossesBetween(losses, from, Number.isNaN(until) ? Number.POSITIVE_INFINITY : until).map(
          ({ kind, reason }) => ({ kind, reason }),
        ),
    gpus: provenance.gpus.total,
    power,
    ...(speculation && { speculation }),
    outline,
  };
}
