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

/** By length and first two bytes: enough to tell the known names apart, and then a name is compared in full. */
const slotOf = (length: number, first: number, second: number): number =>
  (length * 37 + first * 11 + second * 5) & 1023;

const SLOTS: readonly (Known | undefined)[] = slots();

interface Known {
  readonly bytes: Uint8Array;
  readonly field: number;
}

function slots(): (Known | undefined)[] {
  const table = new Array<Known | undefined>(1024).fill(undefined);
  for (const [name, field] of Object.entries(NAMES)) {
    const bytes = Buffer.from(name);
    const slot = slotOf(bytes.length, bytes[0] as number, bytes[1] as number);
    if (table[slot]) throw new Error(`${name} has the slot of another name`);
    table[slot] = { bytes, field: FIELDS.indexOf(field) };
  }
  return table;
}

const [USAGE, GRAPH] = [FIELDS.indexOf('usage'), FIELDS.indexOf('cudaGraph')];
const [SPACE, COMMA, DASH, DOT] = [0x20, 0x2c, 0x2d, 0x2e];
const T = 0x54;

/** What a byte ends: a name; an item; or the message, which a line, a JSON string or a colour may hold. */
const [TEXT, ITEM, NAME, MESSAGE] = [0, 1, 2, 3];
const ENDS = new Uint8Array(256);
for (const [byte, what] of [
  [0x3a, NAME],
  [COMMA, ITEM],
  [0x0a, MESSAGE],
  [0x0d, MESSAGE],
  [0x22, MESSAGE],
  [0x1b, MESSAGE],
] as const) {
  ENDS[byte] = what;
}

/** What a line's items were; one for all lines, because a log has millions. */
const values = new Float64Array(FIELDS.length);

/**
 * Reads the line that begins at `start`, whose words `Prefill batch` or `Decode batch` begin at `at`; it ends with a line
 * break, or at `end`. Undefined where the words are not SGLang's.
 */
export function readBatch(bytes: Uint8Array, start: number, at: number, end: number): BatchLine | undefined {
  const prefill = bytes[at] === 0x50;
  values.fill(Number.NaN);
  readItems(bytes, at + (prefill ? 13 : 12), end);
  const running = known(3);
  const newSequences = known(0);
  if (running === undefined && newSequences === undefined) return undefined;
  const { time, ranks } = readStamp(bytes, start, at);
  return {
    kind: prefill ? 'prefill' : 'decode',
    time,
    ranks,
    newSequences,
    newTokens: known(1),
    cachedTokens: known(2),
    running,
    queued: known(4),
    tokens: known(5),
    usage: known(USAGE),
    acceptLength: known(7),
    cudaGraph: Number.isNaN(values[GRAPH]) ? undefined : values[GRAPH] === 1,
    tokensPerSecond: known(9),
  };
}

function known(field: number): number | undefined {
  const value = values[field] as number;
  return Number.isNaN(value) ? undefined : value;
}

/** `name: value` items, which commas part; the first may follow a full stop. */
function readItems(bytes: Uint8Array, from: number, end: number): void {
  let at = from;
  while (at < end) {
    const byte = bytes[at] as number;
    if (byte === SPACE || byte === COMMA || byte === DOT) {
      at++;
      continue;
    }
    const begin = at;
    let what = TEXT;
    while (at < end) {
      what = ENDS[bytes[at] as number] as number;
      if (what !== TEXT) break;
      at++;
    }
    if (what === ITEM) continue;
    if (what !== NAME) return;
    const field = fieldOf(bytes, begin, at);
    at++;
    if (bytes[at] === SPACE) at++;
    if (field === GRAPH) values[GRAPH] = bytes[at] === T ? 1 : 0;
    else if (field >= 0) {
      at = readNumber(bytes, at, end);
      if (field !== USAGE || !((values[USAGE] as number) > number)) values[field] = number;
    }
    for (; at < end; at++) {
      what = ENDS[bytes[at] as number] as number;
      if (what === ITEM) break;
      if (what === MESSAGE) return;
    }
  }
}

function fieldOf(bytes: Uint8Array, begin: number, end: number): number {
  const known = SLOTS[slotOf(end - begin, bytes[begin] as number, bytes[begin + 1] as number)];
  if (known === undefined || known.bytes.length !== end - begin) return -1;
  const name = known.bytes;
  for (let at = 0; at < name.length; at++) if (bytes[begin + at] !== name[at]) return -1;
  return known.field;
}

/** What readNumber has read; NaN where there was none. */
let number = 0;

/** A decimal number without exponent; where it ends. */
function readNumber(bytes: Uint8Array, from: number, end: number): number {
  const negative = bytes[from] === DASH;
  let at = negative ? from + 1 : from;
  const first = at;
  let mantissa = 0;
  let unit = 1;
  for (; at < end; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    mantissa = mantissa * 10 + digit;
  }
  const whole = at - first;
  if (bytes[at] === DOT) {
    for (at++; at < end; at++) {
      const digit = (bytes[at] as number) - 0x30;
      if (digit < 0 || digit > 9) break;
      mantissa = mantissa * 10 + digit;
      unit *= 10;
    }
  }
  number = whole === 0 ? Number.NaN : (negative ? -mantissa : mantissa) / unit;
  return at;
}
