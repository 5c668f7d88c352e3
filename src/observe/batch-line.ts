import { readStamp, type Stamp } from './line-stamp.ts';

/** `Prefill batch …` or `Decode batch …`: what one scheduler did since its last such line. Absent is what it does not say. */
export interface BatchLine extends Stamp {
  readonly kind: 'prefill' | 'decode';
  readonly newSequences?: number | undefined;
  /** Prompt tokens that are computed. */
  readonly newTokens?: number | undefined;
  /** Prompt tokens that were found in the cache. */
  readonly cachedTokens?: number | undefined;
  readonly running?: number | undefined;
  readonly queued?: number | undefined;
  /** Tokens in the KV cache; of hybrid models in the pool for full attention. */
  readonly tokens?: number | undefined;
  /** Of the KV cache, 0 to 1; of hybrid models the fullest pool. */
  readonly usage?: number | undefined;
  readonly acceptLength?: number | undefined;
  readonly cudaGraph?: boolean | undefined;
  /** `input throughput` of a prefill, `gen throughput` of a decode batch. */
  readonly tokensPerSecond?: number | undefined;
}

const FIELDS = [
  'newSequences',
  'newTokens',
  'cachedTokens',
  'running',
  'queued',
  'tokens',
  'usage',
  'acceptLength',
  'cudaGraph',
  'tokensPerSecond',
] as const;
type Field = (typeof FIELDS)[number];

/** SGLang's names; several versions and kinds of model write the same thing under different ones. */
const NAMES: Readonly<Record<string, Field>> = {
  '#new-seq': 'newSequences',
  '#new-token': 'newTokens',
  '#cached-token': 'cachedTokens',
  '#running-req': 'running',
  '#queue-req': 'queued',
  '#token': 'tokens',
  '#full token': 'tokens',
  'token usage': 'usage',
  'full token usage': 'usage',
  'swa token usage': 'usage',
  'mamba usage': 'usage',
  'gpu token usage': 'usage',
  'accept len': 'acceptLength',
  'cuda graph': 'cudaGraph',
  'cpu graph': 'cudaGraph',
  'npu graph': 'cudaGraph',
  'musa graph': 'cudaGraph',
  'xpu graph': 'cudaGraph',
  'input throughput (token/s)': 'tokensPerSecond',
  'gen throughput (token/s)': 'tokensPerSecond',
};

const BY_NAME: ReadonlyMap<string, number> = new Map(
  Object.entries(NAMES).map(([name, field]) => [name, FIELDS.indexOf(field)]),
);
/** Of a name that is not known. */
const NO_FIELD = -1;

const [USAGE, GRAPH] = [FIELDS.indexOf('usage'), FIELDS.indexOf('cudaGraph')];
const [SPACE, COMMA, DASH, DOT, COLON] = [0x20, 0x2c, 0x2d, 0x2e, 0x3a];
const T = 0x54;

/** What a byte ends: a name; an item; or the message, which a line, a JSON string or a colour may hold. */
const [TEXT, ITEM, NAME, MESSAGE] = [0, 1, 2, 3];
const ENDS = new Uint8Array(256);
for (const [byte, what] of [
  [COLON, NAME],
  [COMMA, ITEM],
  [0x0a, MESSAGE],
  [0x0d, MESSAGE],
  [0x22, MESSAGE],
  [0x1b, MESSAGE],
] as const) {
  ENDS[byte] = what;
}

/** A name that an item had, and what it stands for. */
interface Known {
  readonly length: number;
  /** Bytes: the first two, and the last two. */
  readonly first: number;
  readonly second: number;
  readonly before: number;
  readonly last: number;
  readonly field: number;
}

/**
 * Reads batch lines. A log has millions of them, nearly all with the same names in the same order: a name is only looked
 * at where it begins and ends, once a line before has had it there.
 */
export class BatchReader {
  /** Where the line that was read last ends. */
  end = 0;
  readonly #names: readonly [Known[], Known[]] = [[], []];
  readonly #values = new Float64Array(FIELDS.length);
  #number = 0;

  /**
   * Reads the line that begins at `start`, whose words `Prefill batch` or `Decode batch` begin at `at`; it ends with a
   * line break, or at `end`. Undefined where the words are not SGLang's.
   */
  read(bytes: Uint8Array, start: number, at: number, end: number): BatchLine | undefined {
    const prefill = bytes[at] === 0x50;
    const values = this.#values;
    for (let field = 0; field < values.length; field++) values[field] = Number.NaN;
    this.end = this.#items(bytes, at + (prefill ? 13 : 12), end, this.#names[prefill ? 0 : 1]);
    const running = this.#known(3);
    const newSequences = this.#known(0);
    if (running === undefined && newSequences === undefined) return undefined;
    const { time, ranks } = readStamp(bytes, start, at);
    const graph = this.#known(GRAPH);
    return {
      kind: prefill ? 'prefill' : 'decode',
      time,
      ranks,
      newSequences,
      newTokens: this.#known(1),
      cachedTokens: this.#known(2),
      running,
      queued: this.#known(4),
      tokens: this.#known(5),
      usage: this.#known(USAGE),
      acceptLength: this.#known(7),
      cudaGraph: graph === undefined ? undefined : graph === 1,
      tokensPerSecond: this.#known(9),
    };
  }

  #known(field: number): number | undefined {
    const value = this.#values[field] as number;
    return Number.isNaN(value) ? undefined : value;
  }

  /** `name: value` items, which commas part; the first may follow a full stop. Where they end. */
  #items(bytes: Uint8Array, from: number, end: number, names: Known[]): number {
    const ends = ENDS;
    const values = this.#values;
    let at = from;
    let item = 0;
    while (at < end) {
      const byte = bytes[at] as number;
      if (byte === SPACE || byte === COMMA || byte === DOT) {
        at++;
        continue;
      }
      let known = names[item];
      if (known !== undefined && isAt(known, bytes, at)) at += known.length;
      else {
        const begin = at;
        let what = TEXT;
        for (; at < end; at++) {
          what = ends[bytes[at] as number] as number;
          if (what !== TEXT) break;
        }
        if (what === ITEM) continue;
        if (what !== NAME) return at;
        known = named(bytes, begin, at);
        names[item] = known;
      }
      item++;
      at++;
      if (bytes[at] === SPACE) at++;
      const { field } = known;
      if (field === GRAPH) values[GRAPH] = bytes[at] === T ? 1 : 0;
      else if (field !== NO_FIELD) {
        at = this.#readNumber(bytes, at, end);
        if (field !== USAGE || !((values[USAGE] as number) > this.#number)) values[field] = this.#number;
      }
      for (; at < end; at++) {
        const what = ends[bytes[at] as number] as number;
        if (what === ITEM) break;
        if (what === MESSAGE) return at;
      }
      if (bytes[at + 1] === SPACE) at += 2;
    }
    return at;
  }

  /** A decimal number without exponent; where it ends. */
  #readNumber(bytes: Uint8Array, from: number, end: number): number {
    const negative = bytes[from] === DASH;
    let at = negative ? from + 1 : from;
    const first = at;
    let mantissa = 0;
    for (; at < end; at++) {
      const digit = (bytes[at] as number) - 0x30;
      if (digit < 0 || digit > 9) break;
      mantissa = mantissa * 10 + digit;
    }
    if (at === first) {
      this.#number = Number.NaN;
      return at;
    }
    let unit = 1;
    if (bytes[at] === DOT) {
      for (at++; at < end; at++) {
        const digit = (bytes[at] as number) - 0x30;
        if (digit < 0 || digit > 9) break;
        mantissa = mantissa * 10 + digit;
        unit *= 10;
      }
    }
    this.#number = (negative ? -mantissa : mantissa) / unit;
    return at;
  }
}

/** Whether a name that was here in a line before is here again: its length, both ends and the colon agree. */
function isAt({ length, first, second, before, last }: Known, bytes: Uint8Array, at: number): boolean {
  const end = at + length;
  return (
    bytes[end] === COLON &&
    bytes[at] === first &&
    bytes[at + 1] === second &&
    bytes[end - 1] === last &&
    bytes[end - 2] === before
  );
}

function named(bytes: Uint8Array, begin: number, end: number): Known {
  const name = Buffer.from(bytes.subarray(begin, end));
  const [first = 0, second = 0] = name;
  return {
    length: name.length,
    first,
    second,
    before: name.at(-2) ?? 0,
    last: name.at(-1) ?? 0,
    field: BY_NAME.get(name.toString('latin1')) ?? NO_FIELD,
  };
}
