import { setMaxListeners } from 'node:events';

/**
 * Calls `act` once with the abort, or at once where that has been; what this gives takes it back. Everything that waits on
 * a signal goes through here: a signal that many wait on is nothing that Node should warn of.
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) {
    act();
    return () => {};
  }
  setMaxListeners(0, signal);
  signal.addEventListener('abort', act, { once: true });
  return () => signal.removeEventListener('abort', act);
}

/** What a promise gives, or undefined where it has not settled `grace` milliseconds after the abort; it is left alone then. */
export async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  grace: number,
): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  let take = () => {};
  const late = new Promise<undefined>((resolve) => {
    take = onAbort(signal, () => {
      timer = setTimeout(resolve, grace, undefined);
    });
  });
  // Nobody hears how it ends after that.
  promise.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    take();
    clearTimeout(timer);
  }
}
