/** Power of one GPU at a moment. */
export interface PowerSample {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly watts: number;
}

/** What the GPUs of a run drew while a load lasted. */
export interface Energy {
  readonly joules: number;
  /** All GPUs together, on average. */
  readonly watts: number;
  readonly gpus: number;
}

/** A load: it lasted so many milliseconds within this span, milliseconds since 1970. */
export interface LoadSpan {
  readonly from: number;
  readonly until: number;
  readonly lasted: number;
}

/** Milliseconds that may lie between two samples of a GPU: more, and nobody knows what it drew between them. */
const LONGEST_GAP = 60_000;

/**
 * The energy of all GPUs during a load; a sentence where a GPU's power is not known for all of it. Of a tool that starts,
 * warms up and sums up in the same span, the load is where the GPUs drew the most.
 */
export function energyOf(gpus: readonly (readonly PowerSample[])[], span: LoadSpan): Energy | string {
  const lasted = Math.min(span.lasted, span.until - span.from);
  if (gpus.length === 0) return 'no GPU of the run has a log of its power';
  if (!(lasted > 0)) return 'the load took no time';
  const curves = gpus.map((samples) => new Curve(samples, span));
  if (!curves.every((curve) => curve.covers(span))) {
    return "the log of a GPU's power has gaps or does not reach over the measurement";
  }
  const drawn = (from: number) => curves.reduce((sum, curve) => sum + curve.joules(from, from + lasted), 0);
  // The most is where a window begins or ends at a sample, or at an end of the span.
  const last = span.until - lasted;
  const starts = curves.flatMap(({ times }) => times.flatMap((time) => [time, time - lasted]));
  const inside = starts.filter((start) => start > span.from && start < last);
  const joules = Math.max(...[span.from, last, ...spread(inside)].map(drawn));
  return { joules, watts: joules / (lasted / 1000), gpus: gpus.length };
}

/** So many windows are looked at that a longer search would change nothing. */
const MOST = 200;

function spread(values: readonly number[]): readonly number[] {
  const sorted = [...new Set(values)].toSorted((one, other) => one - other);
  const step = Math.max(1, Math.ceil(sorted.length / MOST));
  return sorted.filter((_, index) => index % step === 0);
}

/** Power over time: straight between two samples, and level before the first and after the last. */
class Curve {
  readonly #samples: readonly PowerSample[];

  constructor(samples: readonly PowerSample[], { from, until }: LoadSpan) {
    this.#samples = samples
      .filter(({ time }) => time >= from - LONGEST_GAP && time <= until + LONGEST_GAP)
      .toSorted((one, other) => one.time - other.time);
  }

  get times(): readonly number[] {
    return this.#samples.map(({ time }) => time);
  }

  covers({ from, until }: LoadSpan): boolean {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined) return false;
    const gaps = this.#samples.slice(1).map(({ time }, index) => time - (this.#samples[index]?.time ?? time));
    const longest = Math.max(0, ...gaps);
    // Before its first sample and after its last, a GPU is taken to draw the same for a while.
    return longest <= LONGEST_GAP && first.time <= from + 2 * longest && last.time >= until - 2 * longest;
  }

  joules(from: number, until: number): number {
    const inside = this.#samples.filter(({ time }) => time > from && time < until);
    const points = [
      { time: from, watts: this.#at(from) },
      ...inside,
      { time: until, watts: this.#at(until) },
    ];
    return points.slice(1).reduce((sum, { time, watts }, index) => {
      const before = points[index] ?? { time, watts };
      return sum + ((time - before.time) / 1000) * ((watts + before.watts) / 2);
    }, 0);
  }

  #at(moment: number): number {
    const after = this.#samples.findIndex(({ time }) => time >= moment);
    const next = this.#samples[after === -1 ? this.#samples.length - 1 : after];
    const before = this.#samples[after - 1];
    if (next === undefined) return 0;
    if (after <= 0 || before === undefined) return next.watts;
    const part = (moment - before.time) / (next.time - before.time || 1);
    return before.watts + part * (next.watts - before.watts);
  }
}
