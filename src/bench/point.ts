import type { BenchOutline } from '../plan/bench/spec.ts';
import { energyOf } from './energy.ts';
import { gate } from './gate.ts';
import type { GpuPower } from './gpu-power.ts';
import { endProblem, isWhole, type PointRecord, recordTimes } from './point-record.ts';
import type { BenchPoint, BenchProblem } from './result.ts';
import type { Speculation } from './speculation.ts';
import { type Measured, present } from './tool/measured.ts';

/** All that is known of one measurement. */
export interface PointFacts {
  readonly concurrency: number;
  /** Requests asked for, where the benchmark says. */
  readonly prompts: number | undefined;
  readonly requestRate?: number | 'inf';
  /** Absent of a benchmark that notes none. */
  readonly record: PointRecord | undefined;
  /** Absent where the tool has left no result. */
  readonly measured: Measured | undefined;
  readonly losses: readonly BenchProblem[];
  readonly gpus: number;
  readonly power: GpuPower;
  /** Absent where no engine speculates. */
  readonly speculation?: Speculation;
  readonly outline: BenchOutline;
}

/** A measurement in the one schema, and whether it counts. */
export function pointOf(facts: PointFacts): BenchPoint {
  const { record, measured, gpus, outline, losses, concurrency } = facts;
  const cut = measured?.cut === true || (record !== undefined && !isWhole(record));
  const prompts = (facts.prompts || undefined) ?? measured?.prompts ?? measured?.completed ?? 0;
  const completed = measured?.completed ?? 0;
  // A tool that counts only what went well was through with all others, too, when it ended by itself.
  const failed = measured?.failed ?? (cut || !measured ? 0 : Math.max(0, prompts - completed));
  const { seconds = 0, inputTokens = 0, outputTokens = 0 } = measured ?? {};
  const rate = (amount: number) => (seconds > 0 ? amount / seconds : 0);
  const outputTokensPerSecond = measured?.outputTokensPerSecond ?? rate(outputTokens);
  const { ttft, tpot, itl, e2e, error, goodput } = measured ?? {};
  const gap = tpot?.mean ?? itl?.mean;
  const problems = [
    ...ended(record),
    ...(measured
      ? gate({ prompts, completed, failed, inputTokens, outputTokens, ...present({ error }) }, outline)
      : [missing(record)]),
    ...losses,
  ].map((problem) => ({ ...problem, concurrency }));
  return {
    concurrency,
    ...present({ requestRate: measured?.requestRate ?? facts.requestRate ?? outline.requestRate }),
    prompts,
    completed,
    failed,
    seconds,
    inputTokens,
    outputTokens,
    requestsPerSecond: measured?.requestsPerSecond ?? rate(completed),
    outputTokensPerSecond,
    totalTokensPerSecond: measured?.totalTokensPerSecond ?? rate(inputTokens + outputTokens),
    perGpu: gpus > 0 ? outputTokensPerSecond / gpus : 0,
    perUser: gap === undefined || gap === 0 ? 0 : 1000 / gap,
    ...present({ goodput, ttft, tpot, itl, e2e }),
    ...(measured && acceptance(facts)),
    valid: problems.length === 0,
    problems,
    partial: cut,
    ...(measured && drawn(facts, seconds, inputTokens, outputTokens)),
    ...recordTimes(record),
  };
}

/** How speculative decoding went: by the tool where it tells, else by what the engines said meanwhile. */
function acceptance({
  measured,
  record,
  speculation,
}: PointFacts): Pick<BenchPoint, 'acceptLength' | 'acceptRate' | 'noAcceptance'> {
  const { acceptLength, acceptRate } = measured ?? {};
  if (acceptLength !== undefined || acceptRate !== undefined) return present({ acceptLength, acceptRate });
  if (speculation === undefined) return {};
  const { started, ended: end } = record ?? {};
  if (started === undefined || end === undefined)
    return { noAcceptance: 'nobody noted when it was measured' };
  const told = speculation(started, end);
  return typeof told === 'string' ? { noAcceptance: told } : told;
}

/** What the GPUs of the run drew for the tokens, or why nobody knows. */
function drawn(
  { record, power }: PointFacts,
  seconds: number,
  inputTokens: number,
  outputTokens: number,
): Pick<BenchPoint, 'energy' | 'noEnergy'> {
  if (typeof power === 'string') return { noEnergy: power };
  const { started, ended: end } = record ?? {};
  if (started === undefined || end === undefined) return { noEnergy: 'nobody noted when it was measured' };
  if (outputTokens === 0) return { noEnergy: 'there are no tokens' };
  const energy = energyOf(power, { from: started, until: end, lasted: seconds * 1000 });
  if (typeof energy === 'string') return { noEnergy: energy };
  const { joules } = energy;
  return {
    energy: {
      ...energy,
      perOutputToken: joules / outputTokens,
      perToken: joules / (inputTokens + outputTokens),
    },
  };
}

function ended(record: PointRecord | undefined): readonly BenchProblem[] {
  const reason = record && endProblem(record);
  return reason === undefined ? [] : [{ kind: 'tool', reason }];
}

function missing(record: PointRecord | undefined): BenchProblem {
  return record === undefined
    ? { kind: 'missing', reason: 'it was not measured' }
    : { kind: 'unreadable', reason: 'the tool left no result' };
}
