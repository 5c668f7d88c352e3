import type { Slo } from '../../plan/bench/spec.ts';
import type { Percentiles } from '../result.ts';
import { meets } from '../slo.ts';
import type { Measured } from '../tool/measured.ts';
import type { Answer } from './answer.ts';
import { Durations } from './histogram.ts';

/** Counts the answers of one measurement. */
export class Tally {
  readonly #ttft = new Durations();
  readonly #tpot = new Durations();
  readonly #itl = new Durations();
  readonly #e2e = new Durations();
  #error: string | undefined;
  readonly #slo: Slo | undefined;
  completed = 0;
  good = 0;
  failed = 0;
  inputTokens = 0;
  outputTokens = 0;

  constructor(slo?: Slo) {
    this.#slo = slo;
  }

  add(answer: Answer): void {
    const { ttft, e2e, gaps, inputTokens, outputTokens } = answer;
    this.completed++;
    if (this.#slo && meets(answer, this.#slo)) this.good++;
    this.inputTokens += inputTokens;
    this.outputTokens += outputTokens;
    this.#ttft.record(ttft);
    this.#e2e.record(e2e);
    for (const gap of gaps) this.#itl.record(gap);
    if (outputTokens > 1) this.#tpot.record((e2e - ttft) / (outputTokens - 1));
  }

  fail(error: unknown): void {
    this.failed++;
    this.#error ??= error instanceof Error ? error.message : String(error);
  }

  /** After so many seconds. */
  measured(seconds: number): Omit<Measured, 'cut'> {
    const times: Readonly<Record<'ttft' | 'tpot' | 'itl' | 'e2e', Percentiles | undefined>> = {
      ttft: this.#ttft.percentiles(),
      tpot: this.#tpot.percentiles(),
      itl: this.#itl.percentiles(),
      e2e: this.#e2e.percentiles(),
    };
    const { completed, failed, inputTokens, outputTokens } = this;
    return {
      completed,
      failed,
      seconds,
      inputTokens,
      outputTokens,
      ...(this.#slo && seconds > 0 && { goodput: this.good / seconds }),
      ...Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined)),
      ...(this.#error !== undefined && { error: this.#error }),
    };
  }
}
