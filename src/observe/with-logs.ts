import { onAbort } from '../host/on-abort.ts';
import type { ObservedEvent } from '../run/events.ts';
import { advance, NEW_RUN } from '../run/state.ts';
import { type LogWatch, watchLogs } from './log-watch.ts';
import { merge } from './merge.ts';

/** A run's events, and between them what its logs tell, from its first step until its end. */
export async function* withLogs(
  events: AsyncIterable<ObservedEvent>,
  watch: LogWatch,
  signal: AbortSignal,
): AsyncGenerator<ObservedEvent> {
  const stop = new AbortController();
  const ended = new AbortController();
  const begun = deferred();
  let state = NEW_RUN;
  const own = async function* (): AsyncGenerator<ObservedEvent> {
    try {
      for await (const event of events) {
        state = advance(state, event);
        if (event.kind === 'step-started') begun.resolve();
        if (event.kind === 'verdict') ended.abort();
        yield event;
      }
    } finally {
      ended.abort();
      begun.resolve();
    }
  };
  const logs = async function* (): AsyncGenerator<ObservedEvent> {
    await begun.promise;
    // What a run has been through comes all at once, and it may be over.
    await new Promise((resolve) => setTimeout(resolve));
    for await (const event of watchLogs(watch, AbortSignal.any([signal, stop.signal, ended.signal]))) {
      // A worker that serves has started, whatever its log left out.
      if (state.ready && event.kind === 'stage' && event.state === 'stuck') continue;
      // Processes that are told to end complain of each other's absence. That is the cause of nothing.
      const { outcome } = state.teardown ?? {};
      if (outcome !== undefined && outcome !== 'failed' && event.kind === 'signature') continue;
      yield event;
    }
  };
  onAbort(stop.signal, begun.resolve);
  const forget = onAbort(signal, begun.resolve);
  try {
    yield* merge<ObservedEvent>(stop, own(), logs());
  } finally {
    forget();
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
