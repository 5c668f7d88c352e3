import type { Fault } from './problem.ts';
import type { ConfigPath, SourceRange } from './source-range.ts';
import type { ConfigEntry, ConfigMap, ConfigValue } from './tree.ts';
import { FORBIDDEN_KEYS } from './tree-reader.ts';

/** One key of a path as a person writes it, and its offsets in that text. */
export interface PathKey {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

const KEY = /([^.[\]"\s]+)|\["((?:[^"\\]|\\["\\])*)"\]/y;

/** Reads `prefill.args.tp-size` or `prefill.env["A.B"]`, the form that messages print. */
export function readKeyPath(text: string): readonly PathKey[] | Fault {
  const keys: PathKey[] = [];
  for (let at = 0; at < text.length || keys.length === 0; ) {
    if (text[at] === '.' && keys.length > 0) at += 1;
    KEY.lastIndex = at;
    const [whole, plain, inQuotes] = KEY.exec(text) ?? [];
    const key = plain ?? inQuotes?.replace(/\\(.)/g, '$1') ?? '';
    const follows = keys.length === 0 || inQuotes !== undefined || text[at - 1] === '.';
    if (whole === undefined || key === '' || !follows) return pathFault(text, at);
    if (FORBIDDEN_KEYS.has(key)) return { message: `${key} is not allowed as a key` };
    keys.push({ key, start: at, end: at + whole.length });
    at += whole.length;
  }
  return keys;
}

function pathFault(text: string, at: number): Fault {
  if (/^\[\d+\]/.test(text.slice(at)))
    return { message: 'names an item of a list', hint: 'give the whole list: bench.concurrencies=[1, 2]' };
  return {
    message: 'is not the path of a key',
    hint: 'write keys with dots between them, as slurm.time or decode.args.tp-size; a key with a dot as ["A.B"]',
  };
}

/** A value in the maps that its path leads through. `rangeOf`: where each key of the path stands. */
export function mapOf(
  keys: readonly PathKey[],
  value: ConfigValue,
  rangeOf: (key: PathKey) => SourceRange,
  pathOf: (keys: readonly PathKey[]) => ConfigPath,
): ConfigMap {
  const whole = keys.reduceRight<ConfigValue>((inner, one, index) => {
    const range = rangeOf(one);
    const entry: ConfigEntry = {
      ...{ path: pathOf(keys.slice(0, index + 1)), range, value: inner },
      ...(index < keys.length - 1 && { passed: true }),
    };
    return { kind: 'map', entries: new Map([[one.key, entry]]), range };
  }, value);
  if (whole.kind !== 'map') throw new Error('a path without keys');
  return whole;
}
