import { build, type Histogram } from 'hdr-histogram-js';
import type { Percentiles } from '../result.ts';

/** An hour in microseconds. */
const LONGEST = 3_600_000_000;

/** Durations in bounded memory: percentiles to a thousandth of their value; mean, least and greatest as they were. */
export class Durations {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST,
    numberOfSignificantValueDigits: 3,
  });
  #sum = 0;
  #least = Number.POSITIVE_INFINITY;
  #greatest = 0;
  #count = 0;

  record(milliseconds: number): void {
    this.#histogram.recordValue(Math.min(LONGEST, Math.max(0, Math.round(milliseconds * 1000))));
    this.#sum += milliseconds;
    this.#least = Math.min(this.#least, milliseconds);
    this.#greatest = Math.max(this.#greatest, milliseconds);
    this.#count++;
  }

  /** In milliseconds; undefined where there were none. */
  percentiles(): Percentiles | undefined {
    if (this.#count === 0) return undefined;
    const at = (percent: number) =>
      Math.min(this.#greatest, this.#histogram.getValueAtPercentile(percent) / 1000);
    return {
      mean: this.#sum / this.#count,
      p50: at(50),
      p90: at(90),
      p95: at(95),
      p99: at(99),
      min: this.#least,
      max: this.#greatest,
    };
  }
}
