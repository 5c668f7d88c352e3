import { parseExposition, type Sample } from './exposition.ts';
import { isLoadSeries, type Scrape } from './load.ts';

const HEAD = /^# scrape (\d{1,15}) (\S+)$/;
const MARK = '# scrape ';

/**
 * Reads `logs/metrics.HOST.prom`, which metrics.sh writes: blocks of `# scrape MILLISECONDS STEP` and its samples, those of
 * one look one after the other. What comes before the first block, or is no sample, is passed over.
 */
export class RecordedScrapes {
  #rest = '';
  #time = 0;
  #targets = new Map<string, readonly Sample[]>();
  readonly #apart: number;

  /** Looks that are less than `apart` milliseconds after the last are passed over, unread: hours of them are many. */
  constructor(apart = 0) {
    this.#apart = apart;
  }

  /** The looks that are complete by now, which is when the next has begun. */
  push(text: string): readonly Scrape[] {
    const whole = this.#rest + text;
    const blocks = whole.split(`\n${MARK}`).map((block, index) => (index === 0 ? block : MARK + block));
    // The last may go on.
    this.#rest = blocks.pop() ?? '';
    const complete = blocks.flatMap((block) => this.#take(block));
    return this.#isNext(this.#rest) ? [...complete, ...this.#finish()] : complete;
  }

  /** The last look; a line that is cut off is not taken for a sample. */
  end(): readonly Scrape[] {
    const complete = this.#take(this.#rest.slice(0, this.#rest.lastIndexOf('\n') + 1));
    this.#rest = '';
    return [...complete, ...this.#finish()];
  }

  /** A block; the look before it, where this is the first of another. */
  #take(block: string): readonly Scrape[] {
    const end = block.indexOf('\n');
    const [, time, step] = HEAD.exec(end < 0 ? block : block.slice(0, end)) ?? [];
    if (time === undefined || step === undefined) return [];
    const isNext = Number(time) !== this.#time;
    if (isNext && Number(time) - this.#time < this.#apart) return [];
    const finished = isNext ? this.#finish() : [];
    this.#time = Number(time);
    const samples = end < 0 ? [] : parseExposition(block.slice(end + 1), isLoadSeries);
    // A worker whose nodes serve each has a block of each.
    this.#targets.set(step, [...(this.#targets.get(step) ?? []), ...samples]);
    return finished;
  }

  #isNext(block: string): boolean {
    const end = block.indexOf('\n');
    const time = end < 0 ? undefined : HEAD.exec(block.slice(0, end))?.[1];
    return time !== undefined && Number(time) !== this.#time;
  }

  #finish(): readonly Scrape[] {
    if (this.#targets.size === 0) return [];
    const scrape = { time: this.#time, targets: this.#targets };
    this.#targets = new Map();
    return [scrape];
  }
}
