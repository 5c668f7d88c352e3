// Services with a real engine, SGLang's on the CPU, for the tests of project `engine`.
//
// Starting one costs 35 to 70 s on two free cores, and the whole project has ten minutes: so each file starts one service,
// in `beforeAll`, and its tests share it, in the order in which they are written; the last one ends it.
//
//   const engine = new EngineStage();
//   let service: Service;
//   beforeAll(async () => { service = await engine.serve('cpu'); });   // test/fixtures/rehearsal/cpu.yaml
//   afterAll(() => engine.dispose());                                  // ends what is left, too
//   test('…', async () => { await service.chat('…'); await eventOf(service, 'hung'); … });
//
// `serve` takes more words for `rehearse`, such as '--set', 'aggregated.workers=1' or '--set', 'health.hang=20s'. A second
// service in the same file is affordable only where the first one has ended. A worker takes 3 GiB; two at most run at once.
// Tests must not depend on speed: on a busy machine a start takes minutes, and a token a second.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { processesOf, Stage } from '../rehearsal/rehearsal.ts';
import type { Submitted } from '../rehearsal/submitted.ts';

/** What a chat came to, as the service counted it. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}

/** A run that serves; `eventOf`, `eventsOf` and `signalTask` of test/rehearsal/submitted.ts take it. */
export interface Service extends Submitted {
  readonly url: string;
  /** The command's own events up to here, as `rehearse --json` prints them. */
  readonly events: readonly Record<string, unknown>[];
  /** A completion of so many tokens, not streamed. */
  chat(prompt: string, tokens?: number): Promise<Usage>;
}

export class EngineStage {
  readonly stage = new Stage();

  async serve(config: string, ...words: string[]): Promise<Service> {
    const { code, stderr, events } = await this.stage.rehearse(config, '--engine', 'cpu', '--keep', ...words);
    expect(code, stderr).toBe(0);
    const ready = events.find(({ kind }) => kind === 'ready') as { readonly url: string };
    const [run = ''] = readdirSync(this.stage.runs).filter((name) => name.startsWith('cpu-'));
    return {
      run,
      dir: join(this.stage.runs, run),
      url: ready.url,
      events,
      chat: (prompt, tokens = 4) => chat(ready.url, prompt, tokens),
    };
  }

  /** Ends what still serves; fails where a process is left. */
  async dispose(): Promise<void> {
    for (const run of readdirSync(this.stage.runs)) await this.stage.run('cancel', run);
    await vi.waitFor(() => expect(processesOf(this.stage.runs)).toEqual([]), { timeout: 240_000 });
    this.stage.dispose();
  }
}

async function chat(url: string, prompt: string, tokens: number): Promise<Usage> {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'tiny',
      messages: [{ role: 'user', content: prompt }],
      max_tokens: tokens,
      ignore_eos: true,
    }),
    signal: AbortSignal.timeout(240_000),
  });
  const text = await answer.text();
  expect({ status: answer.status, text }).toEqual({ status: 200, text: expect.stringContaining('"usage"') });
  return JSON.parse(text).usage;
}
