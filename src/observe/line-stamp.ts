/** Which of a worker's processes wrote a line; a part is there where SGLang writes it. */
export interface Ranks {
  readonly dp?: number | undefined;
  readonly tp?: number | undefined;
  readonly ep?: number | undefined;
  readonly pp?: number | undefined;
}

export interface Stamp {
  /** Milliseconds. SGLang's own stamps name no zone: they are taken for UTC. Absent where the line has none. */
  readonly time?: number | undefined;
  readonly ranks: Ranks;
}

const NO_RANKS: Ranks = {};
const [DASH, SLASH, COLON, SPACE, BRACKET, DOT, UNDERSCORE] = [0x2d, 0x2f, 0x3a, 0x20, 0x5d, 0x2e, 0x5f];
const PLUS = 0x2b;

/**
 * What stands before a message: `[2025-12-10 13:50:32 DP0 TP8 EP8]` of SGLang, `2025-12-10T13:50:14.788089Z` of Dynamo,
 * at the beginning of the line, after colours or in JSON. Looks at the bytes `from` to `end`.
 */
export function readStamp(bytes: Uint8Array, from: number, end: number): Stamp {
  for (let at = from; at + 19 <= end; at++) {
    if (!isMoment(bytes, at)) continue;
    let next = at + 19;
    let fraction = 0;
    if (bytes[next] === DOT) {
      let unit = 100;
      for (next++; next < end && isDigit(bytes[next]); next++) {
        fraction += digit(bytes, next) * unit;
        unit /= 10;
      }
    }
    const year = two(bytes, at) * 100 + two(bytes, at + 2);
    const [month, day] = [two(bytes, at + 5), two(bytes, at + 8)];
    const [hour, minute, second] = [two(bytes, at + 11), two(bytes, at + 14), two(bytes, at + 17)];
    const written = Date.UTC(year, month - 1, day, hour, minute, second, Math.floor(fraction + 1e-6));
    const time = written - zoneAt(bytes, next);
    return { time, ranks: ranksAt(bytes, next, end) };
  }
  return { time: undefined, ranks: NO_RANKS };
}

/** Milliseconds of a zone such as `+01:00`; 0 where there is none, or a Z. */
function zoneAt(bytes: Uint8Array, at: number): number {
  const sign = bytes[at];
  if ((sign !== PLUS && sign !== DASH) || !isDigit(bytes[at + 1]) || !isDigit(bytes[at + 4])) return 0;
  const minutes = bytes[at + 3] === COLON ? two(bytes, at + 4) : two(bytes, at + 3);
  return (sign === PLUS ? 1 : -1) * (two(bytes, at + 1) * 60 + minutes) * 60_000;
}

/** `2025-12-10 13:50:32`, the same with a T, or NATS' and nginx' `2025/12/10 13:50:32`. */
function isMoment(bytes: Uint8Array, at: number): boolean {
  return (
    (bytes[at + 4] === DASH || bytes[at + 4] === SLASH) &&
    bytes[at + 7] === bytes[at + 4] &&
    bytes[at + 13] === COLON &&
    bytes[at + 16] === COLON &&
    isDigit(bytes[at]) &&
    isDigit(bytes[at + 3]) &&
    isDigit(bytes[at + 18])
  );
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;
const digit = (bytes: Uint8Array, at: number): number => (bytes[at] as number) - 0x30;
const two = (bytes: Uint8Array, at: number): number => digit(bytes, at) * 10 + digit(bytes, at + 1);

/** ` DP0 PP1 ATTN_CP1 MOE_DP2 TP3]`: names that are not known, and those that merely end like one, are passed over. */
function ranksAt(bytes: Uint8Array, from: number, end: number): Ranks {
  if (bytes[from] !== SPACE) return NO_RANKS;
  let [dp, tp, ep, pp]: (number | undefined)[] = [];
  for (let at = from; at < end && bytes[at] === SPACE; ) {
    const begin = at + 1;
    at = begin;
    while (at < end && isNameByte(bytes[at] as number)) at++;
    const name = at - begin === 2 && bytes[begin + 1] === 0x50 ? bytes[begin] : undefined;
    let rank: number | undefined;
    for (; at < end && isDigit(bytes[at]); at++) rank = (rank ?? 0) * 10 + digit(bytes, at);
    if (rank === undefined) return NO_RANKS;
    if (name === 0x44) dp = rank;
    else if (name === 0x54) tp = rank;
    else if (name === 0x45) ep = rank;
    else if (name === 0x50) pp = rank;
    if (bytes[at] === BRACKET) return { dp, tp, ep, pp };
  }
  return NO_RANKS;
}

const isNameByte = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || byte === UNDERSCORE;
