import type { Dispatcher } from 'undici';
import { completionChunks } from '../../host/completion-stream.ts';

/** One completion to ask for. */
export interface Request {
  readonly model: string;
  /** The prompt is a message. */
  readonly chat: boolean;
  readonly prompt: string;
  readonly maxTokens: number;
  /** What makes the service generate all of maxTokens, in the words that it knows. */
  readonly fixed: Readonly<Record<string, unknown>>;
}

/** A streamed completion as the client saw it; times in milliseconds. */
export interface Answer {
  readonly ttft: number;
  readonly e2e: number;
  /** Between two pieces of text. */
  readonly gaps: readonly number[];
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A service that answered with something else than a completion. */
export class RefusedRequest extends Error {
  readonly status: number;

  constructor(status: number, body: string) {
    super(`HTTP ${status}: ${body.replaceAll(/\s+/g, ' ').slice(0, 300)}`);
    this.name = 'RefusedRequest';
    this.status = status;
  }
}

interface Chunk {
  readonly choices?: readonly {
    readonly text?: string;
    readonly delta?: { readonly content?: string | null; readonly reasoning_content?: string | null };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly prompt_tokens?: number; readonly completion_tokens?: number } | null;
}

/** Streams one completion. @throws where it is refused or breaks off, or its tokens are not counted. */
export async function ask(client: Dispatcher, request: Request, signal: AbortSignal): Promise<Answer> {
  const { model, chat, prompt, maxTokens, fixed } = request;
  const sent = performance.now();
  const { statusCode, body } = await client.request({
    path: chat ? '/v1/chat/completions' : '/v1/completions',
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({
      model,
      ...(chat ? { messages: [{ role: 'user', content: prompt }] } : { prompt }),
      max_tokens: maxTokens,
      stream: true,
      stream_options: { include_usage: true },
      ...fixed,
    }),
    signal,
  });
  if (statusCode !== 200) throw new RefusedRequest(statusCode, await body.text());
  let first: number | undefined;
  let last = sent;
  let usage: Chunk['usage'];
  const gaps: number[] = [];
  for await (const one of completionChunks(body)) {
    const chunk = one as Chunk;
    usage = chunk.usage ?? usage;
    const [choice] = chunk.choices ?? [];
    // The last one often has no text, only the reason why it is the last; the first of a chat only says who speaks.
    const { delta } = choice ?? {};
    if (choice === undefined || (choice.text === '' && choice.finish_reason)) continue;
    if (delta && !delta.content && !delta.reasoning_content) continue;
    const now = performance.now();
    if (first === undefined) first = now - sent;
    else gaps.push(now - last);
    last = now;
  }
  const { prompt_tokens: inputTokens, completion_tokens: outputTokens } = usage ?? {};
  if (inputTokens === undefined || outputTokens === undefined) {
    throw new Error('the stream ended without a count of its tokens');
  }
  if (outputTokens === 0) throw new Error('the stream ended without a token');
  return { ttft: first ?? last - sent, e2e: last - sent, gaps, inputTokens, outputTokens };
}
