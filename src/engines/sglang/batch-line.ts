import type { BatchLine } from '../dialect.ts';
import { readStamp, type Stamp } from '../line-stamp.ts';

/** `Prefill batch …` or `Decode batch …`: what one scheduler did since its last such line. */
export const BATCH_WORDS: readonly string[] = ['Prefill batch', 'Decode batch'];
const BATCH = new RegExp(BATCH_WORDS.join('|'));

type Field = Exclude<keyof BatchLine, keyof Stamp | 'kind'>;

/** SGLang's names; several versions and kinds of model write the same thing under different ones. */
const FIELDS: ReadonlyMap<string, Field> = new Map([
  ['#new-seq', 'newSequences'],
  ['#new-token', 'newTokens'],
  ['#cached-token', 'cachedTokens'],
  ['#running-req', 'running'],
  ['#queue-req', 'queued'],
  // In disaggregation a request also waits for its partner, and for its KV cache.
  ['#bootstrap-req', 'queued'],
  ['#unbootstrapped-req', 'queued'],
  ['#prealloc-req', 'queued'],
  ['#transfer-req', 'queued'],
  ['#token', 'tokens'],
  ['#full token', 'tokens'],
  ['token usage', 'usage'],
  ['full token usage', 'usage'],
  ['swa token usage', 'usage'],
  ['mamba usage', 'usage'],
  ['gpu token usage', 'usage'],
  ['accept len', 'acceptLength'],
  ['accept rate', 'acceptRate'],
  ['cuda graph', 'cudaGraph'],
  ['cpu graph', 'cudaGraph'],
  ['npu graph', 'cudaGraph'],
  ['musa graph', 'cudaGraph'],
  ['xpu graph', 'cudaGraph'],
  ['gen throughput (token/s)', 'tokensPerSecond'],
]);

/** The message may stand in a JSON string, or have a color after it. */
const MESSAGE_END = /["\u001b]/;

/**
 * Reads a batch line, as any SGLang from 0.4.9 to 0.5.23 writes it, in its own format or Dynamo's. Undefined where it is
 * none.
 */
export function readBatch(line: string): BatchLine | undefined {
  const at = line.search(BATCH);
  if (at < 0) return undefined;
  const words = line.slice(at);
  const end = words.search(MESSAGE_END);
  const values: { -readonly [Name in Field]?: number | boolean } = {};
  // `Prefill batch. #new-seq: 1, #new-token: 64` or `Prefill batch, #new-seq: 1`.
  for (const item of words.slice(words.indexOf('batch') + 6, end < 0 ? undefined : end).split(',')) {
    const colon = item.indexOf(':');
    const field = FIELDS.get(item.slice(0, colon).trim());
    if (field === undefined) continue;
    const value = item.slice(colon + 1).trim();
    const number = Number.parseFloat(value);
    if (field === 'cudaGraph') values.cudaGraph = value.startsWith('T');
    else if (field === 'queued' && Number.isFinite(number))
      values.queued = Number(values.queued ?? 0) + number;
    else if (Number.isFinite(number) && (field !== 'usage' || !(Number(values.usage) > number)))
      values[field] = number;
  }
  if (values.running === undefined && values.newSequences === undefined) return undefined;
  const kind = words.startsWith('P') ? 'prefill' : 'decode';
  return { kind, ...readStamp(line.slice(0, at)), ...(values as Partial<BatchLine>) };
}
