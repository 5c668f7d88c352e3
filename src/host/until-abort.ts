import { unlessAborted } from './on-abort.ts';

/** Milliseconds that sources have after the abort to say their last and to close. */
const GRACE = 300;

/**
 * What `events` yields, until the abort: a source that hangs then, in a read over ssh for one, is left alone. Whoever
 * shows events to a person reads them through this, so that Ctrl-C ends the reading whatever the sources do.
 */
export async function* untilAbort<T>(events: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = events[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await unlessAborted(iterator.next(), signal, GRACE).catch((error: unknown) => {
        // What was cut off by the abort has nothing to say.
        if (!signal.aborted) throw error;
      });
      if (next === undefined || next.done) return;
      yield next.value;
    }
  } finally {
    await unlessAborted(Promise.resolve(iterator.return?.()), AbortSignal.abort(), GRACE);
  }
}
