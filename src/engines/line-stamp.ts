/** Which of a worker's processes wrote a line; a part is there where SGLang writes it. */
export interface Ranks {
  readonly dp?: number;
  readonly tp?: number;
  readonly ep?: number;
  readonly pp?: number;
}

export interface Stamp {
  /** Milliseconds. SGLang's own stamps name no zone: they are taken for UTC. Absent where the line has none. */
  readonly time?: number;
  /** The stamp names its zone, so that the time is no guess. */
  readonly zoned?: true;
  readonly ranks: Ranks;
}

/** `2025-12-10 13:50:32`, the same with a T, or NATS' and nginx' `2025/12/10 13:50:32`; a fraction; a zone; ranks as ` DP0 PP1 ATTN_CP1 MOE_DP2 TP3]`. */
const STAMP =
  /(\d{4})([-/])(\d\d)\2(\d\d).(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|([+-])(\d\d):?(\d\d))?((?: [A-Z_]+\d+)+\])?/;
/**
 * What stands before a message: `[2025-12-10 13:50:32 DP0 TP8 EP8]` of SGLang, `2025-12-10T13:50:14.788089Z` of Dynamo,
 * at the beginning of the line, after colors or in JSON.
 */
export function readStamp(before: string): Stamp {
  const found = STAMP.exec(before);
  if (found === null) return { ranks: {} };
  const [
    ,
    year,
    ,
    month,
    day,
    hour,
    minute,
    second,
    fraction = 0,
    named,
    sign,
    zoneHours,
    zoneMinutes,
    ranks = '',
  ] = found;
  const zone = Number(`${sign ?? ''}1`) * (Number(zoneHours ?? 0) * 60 + Number(zoneMinutes ?? 0)) * 60_000;
  const milliseconds = Math.floor(Number(fraction) * 1000 + 1e-6);
  const time = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    milliseconds,
  );
  const rank = (name: string) => {
    const at = ranks.indexOf(` ${name}`);
    const number = at < 0 ? Number.NaN : Number.parseInt(ranks.slice(at + 3), 10);
    return Number.isNaN(number) ? {} : { [name.toLowerCase()]: number };
  };
  return {
    time: time - zone,
    ...(named !== undefined && { zoned: true }),
    ranks: { ...rank('DP'), ...rank('TP'), ...rank('EP'), ...rank('PP') },
  };
}
