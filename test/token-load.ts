import { setTimeout as sleep } from 'node:timers/promises';

/** What clients have counted. */
export interface Counted {
  /** By the `usage` of each answer. */
  readonly tokens: number;
  readonly requests: number;
  readonly failures: readonly string[];
  readonly seconds: number;
}

/** Clients that stream completions, each one after the other, until they are stopped. */
export class TokenLoad {
  readonly #began = performance.now();
  readonly #clients: readonly Promise<void>[];
  #stopped = false;
  #tokens = 0;
  #requests = 0;
  readonly #failures: string[] = [];

  constructor(
    url: string,
    model: string,
    { clients, tokens }: { readonly clients: number; readonly tokens: number },
  ) {
    this.#clients = Array.from({ length: clients }, () =>
      this.#run(`${url}/v1/chat/completions`, model, tokens),
    );
  }

  get requests(): number {
    return this.#requests;
  }

  /** After the last answer. */
  async stop(): Promise<Counted> {
    this.#stopped = true;
    await Promise.all(this.#clients);
    return {
      tokens: this.#tokens,
      requests: this.#requests,
      failures: this.#failures,
      seconds: (performance.now() - this.#began) / 1000,
    };
  }

  async #run(url: string, model: string, tokens: number): Promise<void> {
    const body = JSON.stringify({
      model,
      messages: [{ role: 'user', content: 'Why do large models need so many GPUs?' }],
      max_tokens: tokens,
      min_tokens: tokens,
      ignore_eos: true,
      stream: true,
      stream_options: { include_usage: true },
    });
    while (!this.#stopped) {
      try {
        const answer = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
          signal: AbortSignal.timeout(240_000),
        });
        const text = await answer.text();
        if (!answer.ok) throw new Error(`${answer.status} ${text}`);
        this.#tokens += usageIn(text);
        this.#requests += 1;
      } catch (error) {
        this.#failures.push(String(error));
        await sleep(100);
      }
    }
  }
}

/** The last chunk of a stream that has one tells how many tokens there were. */
function usageIn(stream: string): number {
  const chunks = stream.split('\n').filter((line) => line.startsWith('data: {'));
  for (const chunk of chunks.toReversed()) {
    const { usage } = JSON.parse(chunk.slice('data: '.length));
    if (usage) return usage.completion_tokens;
  }
  throw new Error('a stream without usage');
}
