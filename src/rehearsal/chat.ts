import { DynSlurmError } from '../errors.ts';
import { completionChunks } from '../host/completion-stream.ts';
import { timeLimit } from '../host/time-limit.ts';

export interface ChatRequest {
  /** URL of the frontend or nginx: `http://address:port`. */
  readonly url: string;
  readonly model: string;
  readonly prompt: string;
  /** The prompt comes with an image. */
  readonly image?: boolean;
  readonly maxTokens: number;
  readonly signal: AbortSignal;
}

/** What a streamed completion came to; times in seconds. */
export interface ChatSummary {
  readonly tokens: number;
  readonly timeToFirstToken: number;
  readonly duration: number;
  readonly tokensPerSecond: number;
}

/** Milliseconds that a completion of a mock engine may take on a busy machine. */
const TIMEOUT = 90_000;

/**
 * Streams one chat completion, handing each piece of text to `onText` as it comes. Throws `DynSlurmError`: `jobFailed`
 * when the service refuses, or ends the stream without a token; `deadline` when it does not answer within TIMEOUT.
 */
export async function streamChat(request: ChatRequest, onText: (text: string) => void): Promise<ChatSummary> {
  const limit = timeLimit(TIMEOUT);
  try {
    return await stream({ ...request, signal: AbortSignal.any([request.signal, limit]) }, onText);
  } catch (error) {
    if (!limit.aborted || request.signal.aborted) throw error;
    throw new DynSlurmError(
      'deadline',
      `${request.url} did not answer a chat completion within ${TIMEOUT / 1000} s`,
      { hint: 'a worker may hang: see the logs of the decode and prefill workers' },
    );
  }
}

async function stream(request: ChatRequest, onText: (text: string) => void): Promise<ChatSummary> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  let first: number | undefined;
  let tokens = 0;
  for await (const chunk of chunksOf(request)) {
    const text = chunk.choices?.[0]?.delta?.content;
    if (text) {
      first ??= seconds();
      onText(text);
    }
    tokens = chunk.usage?.completion_tokens ?? tokens;
  }
  if (tokens === 0 || first === undefined) {
    throw new DynSlurmError('jobFailed', `${request.url} ended a chat completion without a token`, {
      hint: 'see the logs of the decode workers: a failed KV transfer has this effect',
    });
  }
  const duration = seconds();
  return { tokens, timeToFirstToken: first, duration, tokensPerSecond: tokens / duration };
}

interface Chunk {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
  readonly usage?: { readonly completion_tokens?: number } | null;
}

/** One pixel, as PNG. */
const IMAGE =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

function contentOf({ prompt, image }: ChatRequest): unknown {
  return image
    ? [
        { type: 'text', text: prompt },
        { type: 'image_url', image_url: { url: IMAGE } },
      ]
    : prompt;
}

async function* chunksOf(request: ChatRequest): AsyncGenerator<Chunk> {
  const { url, model, maxTokens, signal } = request;
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model,
      messages: [{ role: 'user', content: contentOf(request) }],
      max_tokens: maxTokens,
      stream: true,
      stream_options: { include_usage: true },
    }),
    signal,
  }).catch((cause: unknown) => {
    throw new DynSlurmError('jobFailed', `${url} does not answer a chat completion`, { cause });
  });
  if (!response.ok || !response.body) {
    throw new DynSlurmError(
      'jobFailed',
      `${url} answered a chat completion with ${response.status}: ${await response.text()}`,
    );
  }
  try {
    for await (const chunk of completionChunks(response.body)) yield chunk as Chunk;
  } catch (cause) {
    if (signal.aborted) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DynSlurmError('jobFailed', `${url} cut off a chat completion: ${why}`, { cause });
  }
}
