import { SIGNATURE_WORDS, type Signature, signatureOf } from '../causes/signature.ts';
import { BATCH_WORDS, type BatchLine, readBatch } from './batch-line.ts';
import { readStamp } from './line-stamp.ts';
import { PatternSearch } from './pattern-search.ts';
import { readStage, STAGE_WORDS, type StageLine } from './stage-line.ts';

export type SglangLine = BatchLine | StageLine;

/** Who is told of the lines that count; each is called in their order. */
export interface LogReader {
  sglang(line: SglangLine): void;
  /** `line`: at most its first LONGEST bytes; may hold control characters. */
  signature(signature: Signature, line: string): void;
}

/** Bytes of a line that is not complete yet, or of one with a signature, that are kept; what follows is passed over. */
const LONGEST = 64 * 1024;
const NEWLINE = 10;
const RETURN = 13;

const patterns = new PatternSearch([...BATCH_WORDS, ...STAGE_WORDS, ...SIGNATURE_WORDS]);

/**
 * Finds the lines that count in the bytes of a log, in pieces as they come: it looks for their words in the bytes, and makes
 * strings only of the lines that have one, for `report` reads all logs of a run. Progress bars draw over themselves with
 * carriage returns: each of their states is a line. `npm run bench` measures it.
 */
export class LogScanner {
  readonly #reader: LogReader;
  /** The beginning of a line whose end has not come. */
  #rest = Buffer.alloc(0);

  constructor(reader: LogReader) {
    this.#reader = reader;
  }

  push(bytes: Uint8Array): void {
    let from = 0;
    if (this.#rest.length > 0) {
      const end = firstBreak(bytes);
      const begun = Buffer.concat([this.#rest, bytes.subarray(0, Math.min(end, LONGEST))]);
      if (end === bytes.length) {
        this.#rest = begun.subarray(0, LONGEST);
        return;
      }
      this.#scan(begun, 0, begun.length);
      from = end + 1;
    }
    const to = lastBreak(bytes) + 1;
    if (to > from) this.#scan(bytes, from, to);
    this.#rest = Buffer.from(bytes.subarray(Math.max(from, to), Math.max(from, to) + LONGEST));
  }

  /** The log has ended, or begins anew. */
  end(): void {
    this.#scan(this.#rest, 0, this.#rest.length);
    this.#rest = Buffer.alloc(0);
  }

  /** Whole lines. */
  #scan(bytes: Uint8Array, from: number, to: number): void {
    for (let at = patterns.find(bytes, from, to); at >= 0; ) {
      let start = at;
      while (start > from && !isBreak(bytes[start - 1])) start--;
      at = patterns.find(bytes, this.#read(bytes, start, at, to), to);
    }
  }

  /** Deals with a line that has a word at `at`, and ends with a line break or at `to`; where to look on. */
  #read(bytes: Uint8Array, start: number, at: number, to: number): number {
    const { which } = patterns;
    let end = at;
    while (end < to && end - at < LONGEST / 2 && !isBreak(bytes[end])) end++;
    // Of a line that is very long, what is around the words.
    const first = Math.max(start, at - LONGEST / 2);
    const textOf = (from: number, until: number) =>
      Buffer.from(bytes.buffer, bytes.byteOffset + from, until - from).toString();
    if (which < BATCH_WORDS.length + STAGE_WORDS.length) {
      const [before, words] = [textOf(first, at), textOf(at, end)];
      const line =
        which < BATCH_WORDS.length
          ? readBatch(before, words)
          : readStage(`${before}${words}`, readStamp(before));
      if (line === undefined) return at + 1;
      this.#reader.sglang(line);
      return end;
    }
    const text = textOf(first, end);
    const signature = signatureOf(text);
    if (signature === undefined || signature.weight === 'broad') return at + 1;
    this.#reader.signature(signature, text);
    return end;
  }
}

const isBreak = (byte: number | undefined): boolean => byte === NEWLINE || byte === RETURN;

/** Where the first line ends; the length where it does not. */
function firstBreak(bytes: Uint8Array): number {
  const newline = bytes.indexOf(NEWLINE);
  const end = newline < 0 ? bytes.length : newline;
  const drawn = bytes.subarray(0, end).indexOf(RETURN);
  return drawn < 0 ? end : drawn;
}

/** The last break; -1 where there is none. */
function lastBreak(bytes: Uint8Array): number {
  const newline = bytes.lastIndexOf(NEWLINE);
  const drawn = bytes.subarray(newline + 1).lastIndexOf(RETURN);
  return drawn < 0 ? newline : newline + 1 + drawn;
}
