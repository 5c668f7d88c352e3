import type { KernelState, StageLine } from '../engines/dialect.ts';
import type { StageEvent } from '../run/log-event.ts';
import { compiles, START_STAGES, type StageFacts, type StartStage } from '../start-stages.ts';

export type StageLimits = Readonly<Partial<Record<StartStage, number>>>;

type Progress = Pick<
  StageEvent,
  'stage' | 'state' | 'done' | 'total' | 'seconds' | 'kernels' | 'deadline' | 'advice'
>;

/** How far the start of a worker has come on one node, told from the stage lines of its ranks. */
export class StartStages {
  #stage: StartStage | undefined;
  /** Both on the clock of the log's own lines, milliseconds; of the observer's where they have no times. */
  #begun = 0;
  #moved = 0;
  /**
   * How far that clock is behind the observer's: not at all where stamps name their zone, else by the line that was read
   * soonest after it was written.
   */
  #behind = Number.POSITIVE_INFINITY;
  /** The last line with a time of its own, and when it was read. */
  #stamped: { readonly time: number; readonly read: number } | undefined;
  #count: { done?: number; total?: number } = {};
  #advice: string | undefined;
  #kernels: KernelState | undefined;
  #over = false;
  #told = '';
  #stuck = false;
  readonly #limits: StageLimits;

  /** `limits`: seconds. */
  constructor(limits: StageLimits = {}) {
    this.#limits = limits;
  }

  /**
   * `now`: milliseconds, when the line was read, which may be long after it was written: whoever begins to watch late reads
   * all at once.
   */
  hear(line: StageLine, now: number): void {
    const time = this.#timeOf(line, now);
    if (line.stage !== this.#stage) {
      // Ranks do not go in step: one that is behind does not take the others back.
      if (line.state === 'done') return;
      this.#stage = line.stage;
      this.#begun = time;
      this.#count = {};
      this.#over = false;
    }
    this.#moved = time;
    this.#advice = line.advice;
    this.#stuck = false;
    if (line.done !== undefined) {
      this.#count = { done: line.done, ...(line.total !== undefined && { total: line.total }) };
      this.#over = false;
    }
    if (line.state === 'done') this.#over = true;
  }

  /** A line without a time of its own is as old as the one before it, if both were read at once; else it is new. */
  #timeOf({ time, zoned }: StageLine, now: number): number {
    if (time === undefined) {
      return this.#stamped?.read === now ? this.#stamped.time : this.#ownTime(now);
    }
    this.#stamped = { time, read: now };
    this.#behind = Math.min(this.#behind, zoned ? 0 : Number.POSITIVE_INFINITY, now - time);
    return time;
  }

  #ownTime(now: number): number {
    return Number.isFinite(this.#behind) ? now - this.#behind : now;
  }

  /** What is new since the last call; a stage that stands still is told once. `at`: milliseconds, of the observer. */
  news(at: number): Progress | undefined {
    const stage = this.#stage;
    if (stage === undefined) return undefined;
    const now = this.#ownTime(at);
    const seconds = Math.max(0, Math.round(((this.#over ? this.#moved : now) - this.#begun) / 1000));
    const { advice: usual, limit: minutes }: StageFacts = START_STAGES[stage];
    const kernels = compiles(stage) && this.#kernels && { kernels: this.#kernels };
    const advice = this.#advice ?? usual;
    const limit = this.#limits[stage] ?? minutes * 60;
    if (!this.#over && !this.#stuck && now - this.#moved >= limit * 1000) {
      this.#stuck = true;
      return { stage, state: 'stuck', ...this.#count, seconds, ...kernels, deadline: limit, advice };
    }
    const state = this.#over ? 'done' : 'going';
    const told = JSON.stringify([stage, state, this.#count]);
    if (told === this.#told) return undefined;
    this.#told = told;
    return { stage, state, ...this.#count, seconds, ...kernels };
  }

  /** What an earlier start has left. */
  find(kernels: KernelState): void {
    this.#kernels = kernels;
  }

  /** It serves: whatever stage was open is over. */
  serves(): void {
    if (this.#stage !== undefined) this.#over = true;
  }
}
