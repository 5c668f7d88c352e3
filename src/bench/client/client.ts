import { setMaxListeners } from 'node:events';
import { Pool } from 'undici';
import { DynSlurmError } from '../../errors.ts';
import { pause } from '../../host/pause.ts';
import type { Slo } from '../../plan/bench/spec.ts';
import type { Measured } from '../tool/measured.ts';
import { type Answer, ask, RefusedRequest, type Request } from './answer.ts';
import { calibrated, promptOf, randomFrom, type Tokens, wordsFor } from './prompt.ts';
import { Tally } from './tally.ts';

export interface Load {
  readonly concurrency: number;
  readonly requests: number;
  /** Requests a second that are begun, at random times; `inf`: as soon as there is room. */
  readonly rate: number | 'inf';
  /** Tokens. */
  readonly isl: number;
  readonly osl: number;
  /** Shortest length as a part of the longest. */
  readonly ratio: number;
  readonly seed: number;
  readonly slo?: Slo | undefined;
}

export interface Progress {
  readonly done: number;
  readonly outputTokens: number;
  readonly seconds: number;
}

/** Ways in which releases of Dynamo are told to generate all tokens; the last one leaves it to the model. */
const FIXED: readonly ((osl: number) => Readonly<Record<string, unknown>>)[] = [
  (osl) => ({ ignore_eos: true, min_tokens: osl }),
  () => ({ ignore_eos: true }),
  () => ({ nvext: { ignore_eos: true } }),
  () => ({}),
];

/** Part of the wanted length that a prompt has which is to find out how long prompts are. */
const NEARLY = 0.9;

/** Requests to a service, which it also counts the tokens of. */
export class BenchClient {
  readonly #pool: Pool;
  readonly #model: string;
  readonly #chat: boolean;
  #tokens: Tokens = { perPrompt: 0, perWord: 1 };
  #fixed: (typeof FIXED)[number] = () => ({});

  /** `url`: of a frontend, without a path. `chat`: prompts are messages, for the service to put into its template. */
  constructor(url: string, model: string, chat = false) {
    this.#model = model;
    this.#chat = chat;
    this.#pool = new Pool(url, { connections: null, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  }

  /** Learns how many tokens a word has. @throws DynSlurmError `jobFailed` where the service does not answer. */
  async calibrate(isl: number, signal: AbortSignal): Promise<void> {
    const random = randomFrom(isl);
    const samples: { words: number; tokens: number }[] = [];
    const count = async (words: number): Promise<void> => {
      const { inputTokens } = await this.#ask(promptOf(words, random), 1, signal);
      samples.push({ words, tokens: inputTokens });
    };
    try {
      this.#fixed = await this.#acceptedWay(signal);
      for (const words of [8, 8, 64, 64]) await count(words);
      // About as long as the prompts will be, and no longer: there may be no room for more.
      const long = wordsFor(NEARLY * isl, calibrated(samples));
      for (const words of long > 64 ? [long, long] : []) await count(words);
    } catch (cause) {
      if (signal.aborted) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new DynSlurmError('jobFailed', `the service does not answer a completion request: ${why}`, {
        cause,
      });
    }
    this.#tokens = calibrated(samples);
  }

  /** Makes a load, and counts it. An abort ends it, and what is done by then is kept. */
  async run(load: Load, signal: AbortSignal, onAnswer: (progress: Progress) => void): Promise<Measured> {
    // One for each request under way.
    setMaxListeners(0, signal);
    const tally = new Tally(load.slo);
    const random = randomFrom(load.seed);
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    let last = 0;
    let begun = 0;
    let due = 0;
    const one = async (): Promise<void> => {
      while (begun < load.requests && !signal.aborted) {
        begun++;
        const [isl, osl] = [lengthOf(load.isl, load, random), lengthOf(load.osl, load, random)];
        const prompt = promptOf(wordsFor(isl, this.#tokens), random);
        if (load.rate !== 'inf') {
          due += -Math.log(1 - random()) / load.rate;
          if (!(await pause(Math.max(0, began + due * 1000 - performance.now()), signal))) return;
        }
        try {
          tally.add(await this.#ask(prompt, osl, signal));
        } catch (error) {
          if (signal.aborted) return;
          tally.fail(error);
        }
        last = seconds();
        onAnswer({ done: tally.completed + tally.failed, outputTokens: tally.outputTokens, seconds: last });
      }
    };
    await Promise.all(Array.from({ length: Math.min(load.concurrency, load.requests) }, one));
    return { ...tally.measured(last), ...(signal.aborted && { cut: true }) };
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  #ask(prompt: string, osl: number, signal: AbortSignal): Promise<Answer> {
    return ask(this.#pool, this.#request(prompt, osl, this.#fixed), signal);
  }

  #request(prompt: string, osl: number, fixed: (typeof FIXED)[number]): Request {
    return { model: this.#model, chat: this.#chat, prompt, maxTokens: osl, fixed: fixed(osl) };
  }

  /** Services refuse fields that they do not know. */
  async #acceptedWay(signal: AbortSignal): Promise<(typeof FIXED)[number]> {
    for (const way of FIXED) {
      try {
        await ask(this.#pool, this.#request('time', 1, way), signal);
        return way;
      } catch (error) {
        const refused = error instanceof RefusedRequest && (error.status === 400 || error.status === 422);
        if (!refused || way === FIXED.at(-1)) throw error;
      }
    }
    throw new Error('no endpoint was tried');
  }
}

function lengthOf(longest: number, { ratio }: Load, random: () => number): number {
  const shortest = Math.max(1, Math.round(longest * ratio));
  return shortest + Math.floor(random() * (longest - shortest + 1));
}
