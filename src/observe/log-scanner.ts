import { StringDecoder } from 'node:string_decoder';
import { SIGNATURE_WORDS, type Signature, signatureOf } from '../causes/signature.ts';
import type { EngineLine } from '../engines/dialect.ts';
import { ENGINE_WORDS, readEngineLine } from '../engines/dialects.ts';

/** Who is told of the lines that count; each is called in their order. */
export interface LogReader {
  engine(line: EngineLine): void;
  /** `line`: at most LONGEST characters; may hold control characters. */
  signature(signature: Signature, line: string): void;
}

/** Characters of a line that are kept: of one whose end has not come its beginning, else what is around its words. */
const LONGEST = 64 * 1024;

/**
 * How a thousand words begin: one pass tells nearly all lines that have none of them. Fast enough for all logs of a run,
 * which `report` reads: `npm run bench`. V8 is ten times slower with an expression of more than 20 KB.
 */
const WORDS = new RegExp(
  alternatives([...ENGINE_WORDS, ...SIGNATURE_WORDS].map((word) => word.slice(0, 12))),
);

/** Finds the lines that count in the bytes of a log, in pieces as they come. */
export class LogScanner {
  readonly #reader: LogReader;
  readonly #decoder = new StringDecoder();
  /** The beginning of a line whose end has not come. */
  #rest = '';

  constructor(reader: LogReader) {
    this.#reader = reader;
  }

  push(bytes: Uint8Array): void {
    const text = this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    // Progress bars draw over themselves with carriage returns: each of their states is a line.
    const lines = (this.#rest + text.replaceAll('\r', '\n')).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, LONGEST);
    for (const line of lines) this.#read(line);
  }

  /** The log has ended, or begins anew. */
  end(): void {
    this.#read(this.#rest + this.#decoder.end());
    this.#rest = '';
  }

  #read(line: string): void {
    const at = line.search(WORDS);
    if (at < 0) return;
    const text = line.slice(Math.max(0, at - LONGEST / 2), at + LONGEST / 2);
    const said = readEngineLine(text);
    if (said) {
      this.#reader.engine(said);
      return;
    }
    const signature = signatureOf(text);
    if (signature && signature.weight !== 'broad') this.#reader.signature(signature, text);
  }
}

/** A regular expression for any of the words, in which those that begin alike share that beginning. */
function alternatives(words: readonly string[]): string {
  if (words.includes('')) return '';
  const tails = new Map<string, string[]>();
  for (const word of words) tails.set(word.charAt(0), [...(tails.get(word.charAt(0)) ?? []), word.slice(1)]);
  const each = [...tails].map(
    ([first, rest]) => first.replace(/[\\^$.*+?()[\]{}|]/, '\\$&') + alternatives(rest),
  );
  return each.length === 1 ? each.join('') : `(?:${each.join('|')})`;
}
