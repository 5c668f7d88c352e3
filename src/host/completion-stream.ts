import { LineSplitter } from './line-splitter.ts';

/**
 * Chunks of a streamed completion, from its server-sent events. A service that has begun to answer with 200 can tell of a
 * failure only inside the stream: by an event `error`, by a chunk with an `error`, or by an end without `[DONE]`.
 * @throws Error where it does.
 */
export async function* completionChunks(body: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  let done = false;
  for await (const { name, data, comments } of events(body)) {
    if (name === 'error') throw new Error(`the stream reported an error: ${shortened(data || comments)}`);
    if (data.trim() === '[DONE]') done = true;
    else if (data.startsWith('{')) {
      const chunk = JSON.parse(data) as { readonly error?: unknown; readonly choices?: readonly Choice[] };
      if (chunk.error !== undefined && chunk.error !== null)
        throw new Error(`the stream reported an error: ${shortened(JSON.stringify(chunk.error))}`);
      if (chunk.choices?.some(({ finish_reason: reason }) => reason === 'error'))
        throw new Error('the stream ended with finish_reason "error"');
      yield chunk;
    }
  }
  if (!done) throw new Error('the stream ended early, without [DONE]');
}

interface Choice {
  readonly finish_reason?: string | null;
}

interface StreamEvent {
  readonly name: string;
  readonly data: string;
  /** Lines that begin with a colon: Dynamo writes there what an event `error` is about. */
  readonly comments: string;
}

async function* events(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  let fields: [string, string][] = [];
  for await (const line of lines(body)) {
    if (line === '') {
      if (fields.length > 0) yield eventOf(fields);
      fields = [];
      continue;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1);
    fields.push([name, value.startsWith(' ') ? value.slice(1) : value]);
  }
  if (fields.length > 0) yield eventOf(fields);
}

function eventOf(fields: readonly (readonly [string, string])[]): StreamEvent {
  const all = (name: string) =>
    fields.flatMap(([field, value]) => (field === name ? [value] : [])).join('\n');
  return { name: all('event'), data: all('data'), comments: all('') };
}

async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const splitter = new LineSplitter(Number.POSITIVE_INFINITY);
  for await (const bytes of body) yield* splitter.push(bytes);
  const rest = splitter.end();
  if (rest !== undefined) yield rest;
}

const shortened = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 300);
