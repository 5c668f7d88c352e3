import { setTimeout } from 'node:timers/promises';

/** Chats with a service, one after the other, until it is stopped. */
export class Load {
  readonly #failures: string[] = [];
  readonly #done: Promise<void>;
  #completed = 0;
  #stopped = false;
  #heard = () => {};

  constructor(url: string, model: string) {
    this.#done = this.#run(url, model);
  }

  /** Waits for so many more of them. */
  async completions(count: number): Promise<void> {
    const wanted = this.#completed + count;
    while (this.#completed < wanted) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  /** What went wrong. */
  async stop(): Promise<readonly string[]> {
    this.#stopped = true;
    await this.#done;
    return this.#failures;
  }

  async #run(url: string, model: string): Promise<void> {
    const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }], max_tokens: 4 });
    while (!this.#stopped) {
      try {
        const answer = await fetch(`${url}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
          signal: AbortSignal.timeout(20_000),
        });
        const text = await answer.text();
        if (!answer.ok) throw new Error(`${answer.status} ${text}`);
      } catch (error) {
        this.#failures.push(String(error));
        await setTimeout(50);
      }
      this.#completed += 1;
      this.#heard();
    }
  }
}
