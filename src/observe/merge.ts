/**
 * Yields what any of the sources yields, as it comes, until all have ended. `stop` must end the sources; it is aborted
 * when one of them throws, or when the reader leaves early.
 */
export async function* merge<T>(
  stop: AbortController,
  ...sources: readonly AsyncIterable<T>[]
): AsyncGenerator<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const next = async (iterator: AsyncIterator<T>) => ({ iterator, result: await iterator.next() });
  const waiting = new Map(iterators.map((iterator) => [iterator, next(iterator)]));
  try {
    while (waiting.size > 0) {
      const { iterator, result } = await Promise.race(waiting.values());
      if (result.done) {
        waiting.delete(iterator);
        continue;
      }
      waiting.set(iterator, next(iterator));
      yield result.value;
    }
  } finally {
    stop.abort();
    await Promise.allSettled(waiting.values());
  }
}
