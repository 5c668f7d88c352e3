import { onAbort } from '../host/on-abort.ts';

/** An async queue: writers never wait, and one reader does. */
export class AsyncQueue<T> {
  readonly #items: T[] = [];
  #error: { readonly error: unknown } | undefined;
  #ended = false;
  #wake = () => {};

  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  /** The reader gets this error, after what was pushed before. */
  fail(error: unknown): void {
    this.#error = { error };
    this.#wake();
  }

  /** The reader is done, after what was pushed before. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** What is pushed, as it comes, until the abort or the end. */
  async *read(signal: AbortSignal): AsyncGenerator<T> {
    const forget = onAbort(signal, () => this.#wake());
    try {
      while (!signal.aborted) {
        const item = this.#items.shift();
        if (item !== undefined) yield item;
        else if (this.#error) throw this.#error.error;
        else if (this.#ended) return;
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      forget();
    }
  }
}
