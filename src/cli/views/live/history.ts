import type { ServiceEventOf } from '../../../run/service-event.ts';
import { loadText } from '../service-text.ts';

type LoadEvent = ServiceEventOf<'load'>;

export type Rates = Pick<
  LoadEvent,
  'seconds' | 'requestsPerSecond' | 'failedPerSecond' | 'outputTokensPerSecond' | 'inputTokensPerSecond'
>;

/** Rates in time, oldest first. */
export type History = readonly (Rates & { readonly time: number })[];

/** Milliseconds that views show the mean of, and that a column of their sparklines stands for. */
export const RECENT = 10_000;
export const COLUMN = 5000;
/** Milliseconds: more than the widest sparkline shows. */
const KEPT = 10 * 60_000;

export function remembered(history: History, load: LoadEvent): History {
  const time = Date.parse(load.time);
  const { seconds, requestsPerSecond, failedPerSecond, outputTokensPerSecond, inputTokensPerSecond } = load;
  const rates = { seconds, requestsPerSecond, failedPerSecond, outputTokensPerSecond, inputTokensPerSecond };
  return [...history.filter((each) => each.time > time - KEPT), { time, ...rates }];
}

/** Over the last so many milliseconds, each look for as long as it was; undefined where there was none. */
export function meanOf(history: History, milliseconds: number, now: number): Rates | undefined {
  const recent = history.filter(({ time }) => time > now - milliseconds);
  const seconds = recent.reduce((sum, each) => sum + each.seconds, 0);
  if (seconds <= 0) return undefined;
  const mean = (field: keyof Rates) =>
    recent.reduce((sum, each) => sum + each[field] * each.seconds, 0) / seconds;
  return {
    seconds,
    requestsPerSecond: mean('requestsPerSecond'),
    failedPerSecond: mean('failedPerSecond'),
    outputTokensPerSecond: mean('outputTokensPerSecond'),
    inputTokensPerSecond: mean('inputTokensPerSecond'),
  };
}

/** Output tokens per second in columns of equal time, the last ending now; undefined where nothing was seen. */
export function columnsOf(
  history: History,
  columns: number,
  milliseconds: number,
  now: number,
): readonly (number | undefined)[] {
  const sums = Array.from({ length: columns }, () => ({ tokens: 0, seconds: 0 }));
  for (const { time, seconds, outputTokensPerSecond } of history) {
    const column = sums[columns - 1 - Math.floor((now - time) / milliseconds)];
    if (column === undefined) continue;
    column.tokens += outputTokensPerSecond * seconds;
    column.seconds += seconds;
  }
  return sums.map(({ tokens, seconds }) => (seconds > 0 ? tokens / seconds : undefined));
}

const BARS = '▁▂▃▄▅▆▇█';

/** One character a value, the greatest as high as a character. */
export function sparkline(values: readonly (number | undefined)[]): string {
  const most = Math.max(...values.map((value) => value ?? 0));
  return values
    .map((value) => {
      if (value === undefined) return ' ';
      const height = most > 0 ? Math.round((value / most) * (BARS.length - 1)) : 0;
      return BARS[height];
    })
    .join('');
}

/** Milliseconds between lines on a load that goes on. */
const EVERY = 10_000;

/** Turns a load's events into lines: one in ten seconds with the means since the last, and one when it falls idle. */
export class LoadLines {
  #history: History = [];
  #said = 0;
  #text = '';

  /** Undefined where there is nothing to say yet, or nothing new. */
  hear(load: ServiceEventOf<'load'>, mock: boolean): string | undefined {
    const time = Date.parse(load.time);
    this.#history = remembered(this.#history, load);
    if (this.#said === 0) this.#said = time - load.seconds * 1000;
    if (time - this.#said < EVERY) return undefined;
    const rates = meanOf(this.#history, time - this.#said, time);
    const text = loadText({ ...load, ...rates }, mock);
    this.#said = time;
    if (text === this.#text) return undefined;
    this.#text = text;
    return text;
  }
}
