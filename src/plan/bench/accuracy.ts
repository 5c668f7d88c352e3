import type { Arg } from '../../argument.ts';
import { type AccuracyConfig, suiteOf } from '../../config/schema/accuracy.ts';

export interface AccuracyOutline {
  readonly suite: string;
  /** Fraction of right answers below which the benchmark is invalid. */
  readonly threshold?: number;
}

/** Folder of the answers in that of the benchmark. */
export const ACCURACY = 'accuracy';

/** What bench.json says of the questions. */
export function accuracyOutline({ suite, threshold }: AccuracyConfig): AccuracyOutline {
  return { suite, ...(threshold !== undefined && { threshold }) };
}

interface Asking {
  /** The service's. */
  readonly url: Arg;
  readonly model: string;
  /** Folder of accuracy.py. */
  readonly script: Exclude<Arg, string>;
  /** Folder of the benchmark's results. */
  readonly results: Exclude<Arg, string>;
}

/** As bench.sh takes it. */
export function accuracyBlock(
  accuracy: AccuracyConfig | undefined,
  { url, model, script, results }: Asking,
): readonly Arg[] {
  if (accuracy === undefined) return [];
  const suite = suiteOf(accuracy.suite);
  const samples = accuracy.samples ?? suite.samples;
  return [
    ...[':::', 'accuracy', '0', String(accuracy.concurrency), ACCURACY, '0', 'TERM'],
    ...['python3', [...script, '/accuracy.py'], '--url', url, '--model', model],
    ...['--data', accuracy.dataset ?? suite.dataset ?? '', '--out', [...results, `/${ACCURACY}`]],
    ...(samples === undefined ? [] : ['--samples', String(samples)]),
    ...['--shots', String(accuracy.shots ?? suite.shots), '--repeat', String(accuracy.repeat)],
    ...['--concurrency', String(accuracy.concurrency), '--body', bodyText(accuracy)],
  ];
}

/** What each request has beside its messages, as JSON. */
function bodyText(accuracy: AccuracyConfig): string {
  const { suite, max_tokens = suiteOf(suite).maxTokens, temperature, top_p, top_k } = accuracy;
  return JSON.stringify({ max_tokens, temperature, top_p, top_k });
}
