import { type AccuracyConfig, suiteOf } from '../../config/schema/accuracy.ts';
import type { Word } from '../../word.ts';
import { ACCURACY, type BenchSpec } from './spec.ts';

/** The file with the questions, where it lies on the nodes. */
export function questionFile({ accuracy }: BenchSpec['config']): string | undefined {
  return accuracy?.dataset?.startsWith('/') ? accuracy.dataset : undefined;
}

/** As bench.sh takes it; `script`: the folder of accuracy.py, `results`: of the benchmark's results. */
export function accuracyBlock(
  { config, url, service }: BenchSpec,
  { script, results }: { readonly script: Exclude<Word, string>; readonly results: Exclude<Word, string> },
): readonly Word[] {
  const { accuracy } = config;
  if (accuracy === undefined) return [];
  const suite = suiteOf(accuracy.suite);
  const samples = accuracy.samples ?? suite.samples;
  return [
    ...[':::', 'accuracy', '0', String(accuracy.concurrency), ACCURACY, '0', 'TERM'],
    ...['python3', [...script, '/accuracy.py'], '--url', url, '--model', service.model],
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
