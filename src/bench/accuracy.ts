import { count } from '../config/text/plural.ts';
import { percent } from '../format.ts';
import type { AccuracyOutline } from '../plan/bench/accuracy.ts';
import { endProblem, isWhole, type PointRecord, recordTimes } from './point-record.ts';
import type { BenchPoint, BenchProblem } from './result.ts';
import type { BenchAccuracy, Counted } from './tool/accuracy.ts';

/** What accuracy.py has left. */
export interface FoundAccuracy {
  readonly record?: PointRecord;
  readonly counted?: Counted;
}

/** The answers of a benchmark that asks questions, and why its figures do not count. */
export interface JudgedAccuracy {
  readonly accuracy?: BenchAccuracy;
  readonly problems: readonly BenchProblem[];
}

/** `judged`: not where mock engines answer at random. `underway`: what is missing may come yet. */
export function judgeAccuracy(
  outline: AccuracyOutline | undefined,
  { record, counted: found }: FoundAccuracy,
  { judged, underway }: { readonly judged: boolean; readonly underway: boolean },
): JudgedAccuracy {
  if (outline === undefined || (underway && record?.how === undefined)) return { problems: [] };
  const { suite, threshold } = outline;
  const problem = (reason: string): readonly BenchProblem[] => [
    { kind: 'accuracy', reason: `${suite}: ${reason}` },
  ];
  if (record === undefined) return { problems: problem('accuracy was not measured') };
  const end = endProblem(record);
  if (end !== undefined || !isWhole(record)) return { problems: problem(end ?? 'it did not end') };
  if (found === undefined) return { problems: problem('there is no readable result') };
  const { schema: _, ...sums } = found;
  const score = sums.answers > 0 ? sums.correct / sums.answers : 0;
  const valid = !judged || threshold === undefined || score >= threshold;
  const accuracy: BenchAccuracy = {
    suite,
    ...(threshold !== undefined && { threshold }),
    valid,
    score,
    ...wilson(score, sums.questions),
    ...sums,
    ...recordTimes(record),
  };
  return {
    accuracy,
    problems: valid ? [] : problem(`${scoreText(accuracy)}, threshold ${percent(threshold, 2)}`),
  };
}

/** The quantile of the normal distribution for 95 %. */
const Z = 1.959964;

/** Wilson's interval of a score over some questions; repeated answers to one question make it no narrower. */
export function wilson(score: number, questions: number): { readonly low: number; readonly high: number } {
  if (questions === 0) return { low: 0, high: 1 };
  const square = Z ** 2 / questions;
  const middle = (score + square / 2) / (1 + square);
  const half = (Z / (1 + square)) * Math.sqrt((score * (1 - score)) / questions + square / (4 * questions));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** `84.15% right (95% interval 82.1% to 86%), 1110 of 1319 answers; 12 say nothing readable`. */
function scoreText(accuracy: BenchAccuracy): string {
  const { score, low, high, correct, answers, unanswered, failed, error } = accuracy;
  const why = error === undefined ? '' : `: ${error}`;
  return [
    `${percent(score, 2)} right (95% interval ${percent(low, 1)} to ${percent(high, 1)}), ${correct} of ${count(answers, 'answer')}`,
    ...(unanswered > 0 ? [`${unanswered} without a readable answer`] : []),
    ...(failed > 0 ? [`${count(failed, 'request')} failed${why}`] : []),
  ].join('; ');
}

/** What the answers came to, for people; of mock engines it means nothing. */
export function accuracyText(accuracy: BenchAccuracy, mock: boolean): string {
  const { suite, threshold, valid } = accuracy;
  const line = `${suite}: ${scoreText(accuracy)}`;
  if (mock) return `${line}; not meaningful and not judged: mock engines answer with random text`;
  if (threshold === undefined) return line;
  return `${line}; threshold ${percent(threshold, 2)}${valid ? '' : ': INVALID'}`;
}

/** Measurements of a service that answers wrong: how fast it does so is of no use. */
export function marked(
  points: readonly BenchPoint[],
  problems: readonly BenchProblem[],
): readonly BenchPoint[] {
  if (problems.length === 0) return points;
  return points.map((point) => ({
    ...point,
    valid: false,
    problems: [...point.problems, ...problems],
    ...(point.runs && { runs: marked(point.runs, problems) }),
  }));
}
