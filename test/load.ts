import { setTimeout } from 'node:timers/promises';

/** Streamed chats with a service, several at once, each followed by the next one, until it is stopped. */
export class Load {
  readonly #failures: string[] = [];
  readonly #done: Promise<unknown>;
  #completed = 0;
  #stopped = false;
  #heard = () => {};

  constructor(url: string, model: string, atOnce = 4) {
    this.#done = Promise.all(Array.from({ length: atOnce }, () => this.#run(url, model)));
  }

  /** Waits for so many more of them. */
  async completions(count: number): Promise<void> {
    const wanted = this.#completed + count;
    while (this.#completed < wanted) {
      if (this.#failures.length > 100) throw new Error(`none is answered any more: ${this.#failures.at(-1)}`);
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  /**
   * Runs what stops a worker, and forgives what fails meanwhile, as long as something is answered: a frontend of Dynamo gives
   * up a request whose worker leaves before its first answer, and turns for a moment from the prefill worker that still has it.
   */
  async whileStopping<T>(stop: () => Promise<T>): Promise<T> {
    const before = { failures: this.#failures.length, completed: this.#completed };
    const result = await stop();
    if (this.#completed === before.completed)
      throw new Error(`nothing was answered: ${this.#failures.at(-1)}`);
    this.#failures.splice(before.failures);
    return result;
  }

  /** What went wrong. */
  async stop(): Promise<readonly string[]> {
    this.#stopped = true;
    await this.#done;
    return this.#failures;
  }

  async #run(url: string, model: string): Promise<void> {
    const messages = [{ role: 'user', content: 'hi' }];
    const body = JSON.stringify({ model, messages, max_tokens: TOKENS, stream: true });
    while (!this.#stopped) {
      try {
        await chat(`${url}/v1/chat/completions`, body);
        this.#completed += 1;
      } catch (error) {
        this.#failures.push(String(error));
        await setTimeout(50);
      }
      this.#heard();
    }
  }
}

const TOKENS = 16;

/** Rejects unless the stream has all its tokens and its end. */
async function chat(url: string, body: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(240_000) });
  const text = await answer.text();
  const tokens = text.split('\n').filter((line) => /"content":"[^"]/.test(line)).length;
  if (answer.ok && text.includes('data: [DONE]') && tokens === TOKENS) return;
  throw new Error(`${answer.status}, ${tokens} tokens: ${text.slice(-300)}`);
}
