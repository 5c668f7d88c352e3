import { count } from '../config/text/plural.ts';
import { percent } from '../format.ts';
import type { Range } from '../plan/bench/lengths.ts';
import type { BenchOutline } from '../plan/bench/spec.ts';
import type { BenchProblem, BenchProblemKind } from './result.ts';

/** What the gate looks at of one measurement. */
export interface Gated {
  readonly prompts: number;
  readonly completed: number;
  readonly failed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** First error of the requests that failed. */
  readonly error?: string;
}

export type Limits = Pick<BenchOutline, 'inputLength' | 'outputLength' | 'lengthTolerance' | 'maxErrorRate'>;

/** Why the numbers of a measurement are not to be relied on; nothing where they are. */
export function gate(measured: Gated, limits: Limits): readonly BenchProblem[] {
  const { prompts, completed, failed, inputTokens, outputTokens, error } = measured;
  const problems: BenchProblem[] = [];
  const say = (kind: BenchProblemKind, reason: string) => problems.push({ kind, reason });
  if (outputTokens === 0) say('no-tokens', 'not one token was generated');
  const all = Math.max(prompts, completed + failed);
  if (failed > limits.maxErrorRate * all) {
    const why = error === undefined ? '' : `: ${error}`;
    say(
      'errors',
      `${failed} of ${count(all, 'request')} failed, limit ${percent(limits.maxErrorRate, 2)}${why}`,
    );
  }
  if (completed + failed < prompts) {
    say('incomplete', `${completed} of ${count(prompts, 'request')} were completed`);
  }
  if (completed > 0) {
    const input = missed(inputTokens / completed, limits.inputLength, limits.lengthTolerance);
    if (input !== undefined) say('input-length', `prompts had ${input}`);
    // Without any it has been said.
    const output =
      outputTokens > 0 && missed(outputTokens / completed, limits.outputLength, limits.lengthTolerance);
    if (output) say('output-length', `answers had ${output}`);
  }
  return problems;
}

/** Half a token is nobody's fault. */
const SLACK = 0.5;

function missed(average: number, range: Range | undefined, tolerance: number): string | undefined {
  if (range === undefined) return undefined;
  const [low, high] = range;
  if (average >= low * (1 - tolerance) - SLACK && average <= high * (1 + tolerance) + SLACK) return undefined;
  const wanted = low === high ? `${low}` : `${low} to ${high}`;
  return `${Number(average.toFixed(1))} tokens on average instead of ${wanted}, tolerance ${percent(tolerance, 2)}`;
}
