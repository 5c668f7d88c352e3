/**
 * A signal that aborts after so many milliseconds, also as a part of `AbortSignal.any`. Node 20 lets the garbage collector
 * take an `AbortSignal.timeout` that has no listener of its own, and then neither it nor what was made of it ever aborts.
 */
export function timeLimit(milliseconds: number): AbortSignal {
  const limit = AbortSignal.timeout(milliseconds);
  limit.addEventListener('abort', () => {}, { once: true });
  return limit;
}
