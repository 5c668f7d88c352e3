import type { ObservedEvent } from '../run/events.ts';
import { advance, NEW_RUN, type RunState } from '../run/state.ts';
import { AsyncQueue } from './async-queue.ts';
import { merge } from './merge.ts';

/** What tells more of a run than its own events do, in some of its states. */
export interface Source {
  tells(state: RunState): boolean;
  /** Until the abort. `state`: the run's, as it is by then. */
  read(state: () => RunState, signal: AbortSignal): AsyncIterable<ObservedEvent>;
}

/** A run's events, and between them what a source tells. */
export async function* alongside(
  events: AsyncIterable<ObservedEvent>,
  source: Source,
  signal: AbortSignal,
): AsyncGenerator<ObservedEvent> {
  const queue = new AsyncQueue<ObservedEvent>();
  const stop = new AbortController();
  let state = NEW_RUN;
  let reading: AbortController | undefined;
  let ended: Promise<unknown> = Promise.resolve();
  const read = async (until: AbortSignal): Promise<void> => {
    // What a run has been through comes all at once, and it may be over.
    await new Promise((resolve) => setTimeout(resolve));
    if (until.aborted) return;
    for await (const event of source.read(() => state, until)) queue.push(event);
  };
  const own = async function* (): AsyncGenerator<ObservedEvent> {
    try {
      for await (const event of events) {
        state = advance(state, event);
        yield event;
        if (!source.tells(state)) {
          reading?.abort();
          reading = undefined;
        } else if (reading === undefined) {
          reading = new AbortController();
          ended = Promise.all([ended, read(AbortSignal.any([signal, stop.signal, reading.signal]))]);
          ended.catch((error: unknown) => queue.fail(error));
        }
      }
    } finally {
      reading?.abort();
      await ended.finally(() => queue.end());
    }
  };
  // Whoever reads the events of a run that is interrupted gets to their end by itself.
  yield* merge(stop, own(), queue.read(stop.signal));
}
