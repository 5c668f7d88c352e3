import { onAbort } from '../host/on-abort.ts';

/** Hands things from one who must not wait to one who does. */
export class Mailbox<T> {
  readonly #letters: T[] = [];
  #error: { readonly error: unknown } | undefined;
  #ended = false;
  #ring = () => {};

  put(letter: T): void {
    this.#letters.push(letter);
    this.#ring();
  }

  /** The reader gets this error, after what was put before. */
  fail(error: unknown): void {
    this.#error = { error };
    this.#ring();
  }

  /** The reader is done, after what was put before. */
  end(): void {
    this.#ended = true;
    this.#ring();
  }

  /** What is put, as it comes, until the abort or the end. */
  async *read(signal: AbortSignal): AsyncGenerator<T> {
    const forget = onAbort(signal, () => this.#ring());
    try {
      while (!signal.aborted) {
        const letter = this.#letters.shift();
        if (letter !== undefined) yield letter;
        else if (this.#error) throw this.#error.error;
        else if (this.#ended) return;
        else {
          await new Promise<void>((resolve) => {
            this.#ring = resolve;
          });
        }
      }
    } finally {
      forget();
    }
  }
}
