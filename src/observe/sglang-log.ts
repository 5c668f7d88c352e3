import { type BatchLine, BatchReader } from './batch-line.ts';
import { readStamp } from './line-stamp.ts';
import { PatternSearch } from './pattern-search.ts';
import { readStage, STAGE_WORDS, type StageLine } from './stage-line.ts';

export type { BatchLine } from './batch-line.ts';
export type { Ranks } from './line-stamp.ts';
export type { StageLine } from './stage-line.ts';

export type SglangLine = BatchLine | StageLine;

/** How many of SGLANG_WORDS, the first, begin a batch line. */
export const BATCH_WORDS = 2;
export const SGLANG_WORDS: readonly string[] = ['Prefill batch', 'Decode batch', ...STAGE_WORDS];
const patterns = new PatternSearch(SGLANG_WORDS);
const batches = new BatchReader();

/**
 * What a line of a worker's log says, of any SGLang from 0.4.9 to 0.5.23, in its own format or Dynamo's (text or JSONL),
 * with or without colours. Undefined for all other lines. Never throws.
 */
export function parseSglangLine(line: string): SglangLine | undefined {
  const bytes = Buffer.from(line);
  const at = patterns.find(bytes, 0, bytes.length);
  if (at < 0) return undefined;
  if (patterns.which < BATCH_WORDS) return batches.read(bytes, 0, at, bytes.length);
  return readStage(line, readStamp(bytes, 0, at));
}
