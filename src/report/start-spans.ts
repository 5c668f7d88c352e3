import type { StageLine } from '../observe/stage-line.ts';
import type { StartStage } from '../start-stages.ts';

/** A stage of a worker's start, of all its ranks together. */
export interface StageSpan {
  readonly stage: StartStage;
  /** Milliseconds since 1970: its first line, and its last. */
  readonly start: number;
  readonly end: number;
  /** Shards, or batch sizes, that the last line tells. */
  readonly done?: number;
  readonly total?: number;
  /** Whether its end was told. */
  readonly ended: boolean;
}

/** The stages of one worker's start, and of each start after that, from the lines of its logs. */
export class StartSpans {
  readonly #before: StageSpan[] = [];
  #spans = new Map<StartStage, StageSpan>();
  #serves = false;

  /** `time`: milliseconds. */
  hear({ stage, state, done, total }: StageLine, time: number): void {
    if (this.#serves && stage === 'weights' && state === 'going') {
      this.#before.push(...this.#spans.values());
      this.#spans = new Map();
      this.#serves = false;
    }
    // Kernels are compiled under load, too; the last word of a start comes after its first batches.
    if (this.#serves && stage !== 'warm-up') return;
    const known = this.#spans.get(stage);
    // What is told only when it is over has begun where the stage before it ended.
    const begun = state === 'done' ? Math.max(...[...this.#spans.values()].map(({ end }) => end)) : time;
    this.#spans.set(stage, {
      ...known,
      stage,
      start: known?.start ?? (Number.isFinite(begun) ? Math.min(begun, time) : time),
      end: Math.max(known?.end ?? time, time),
      ...(done !== undefined && { done }),
      ...(total !== undefined && { total }),
      ended: state === 'done' || known?.ended === true,
    });
  }

  serves(): void {
    this.#serves = true;
  }

  /** In the order of their beginnings. */
  get all(): readonly StageSpan[] {
    return [...this.#before, ...this.#spans.values()];
  }
}
