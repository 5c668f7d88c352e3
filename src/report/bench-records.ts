import type { BenchPoint } from '../bench/result.ts';
import { measuredOf } from './measured.ts';
import type { RunData } from './run-data.ts';

/** One number, or word, that a run has left. */
export interface RunRecord {
  readonly kind: 'bench' | 'load' | 'event';
  /** Milliseconds since 1970; undefined where it is not known. */
  readonly time?: number;
  /** A step, or `service`; of a benchmark its name. */
  readonly subject: string;
  readonly concurrency?: number;
  readonly figure: string;
  readonly value: number | string;
}

const FIGURES = [
  ...['prompts', 'completed', 'failed', 'seconds', 'inputTokens', 'outputTokens'],
  ...['requestRate', 'goodput', 'acceptLength', 'acceptRate'],
  ...['requestsPerSecond', 'outputTokensPerSecond', 'totalTokensPerSecond', 'perGpu', 'perUser'],
] as readonly (keyof BenchPoint)[];
const LATENCIES = ['ttft', 'tpot', 'itl', 'e2e'] as const;
const SHARES = ['mean', 'p50', 'p90', 'p95', 'p99', 'min', 'max'] as const;

export function benchRecords(data: RunData): readonly RunRecord[] {
  return measuredOf([data]).flatMap(({ bench, point }) =>
    (point.runs ?? [point]).flatMap((each) => {
      const time = Date.parse(each.ended ?? each.started ?? '');
      const base = {
        kind: 'bench',
        ...(!Number.isNaN(time) && { time }),
        subject: bench,
        concurrency: each.concurrency,
      } as const;
      const latencies = LATENCIES.flatMap((name) =>
        SHARES.map((share) => [`${name}_${share}_ms`, each[name]?.[share]] as const),
      );
      return [
        ...FIGURES.map((name) => [name, each[name]] as const),
        ['valid', Number(each.valid)] as const,
        ['partial', Number(each.partial)] as const,
        ['joules', each.energy?.joules] as const,
        ['joulesPerOutputToken', each.energy?.perOutputToken] as const,
        ['joulesPerToken', each.energy?.perToken] as const,
        ...latencies,
      ].flatMap(([figure, value]) => (typeof value === 'number' ? [{ ...base, figure, value }] : []));
    }),
  );
}

/** With whether the whole benchmark is valid, as its points have it, too. */
export function accuracyRecords({ bench }: RunData): readonly RunRecord[] {
  return bench.flatMap(({ name, accuracy }) => {
    if (accuracy === undefined) return [];
    const { score, low, high, threshold, answers, correct, unanswered, failed, valid, ended } = accuracy;
    const time = Date.parse(ended ?? '');
    const base = { kind: 'bench', ...(!Number.isNaN(time) && { time }), subject: name } as const;
    const values = {
      score,
      low,
      high,
      threshold,
      answers,
      correct,
      unanswered,
      failed,
      valid: Number(valid),
    };
    return Object.entries(values).flatMap(([figure, value]) =>
      value === undefined ? [] : [{ ...base, figure: `accuracy_${figure}`, value }],
    );
  });
}
