import type { PathKey } from './yaml/key-path.ts';
import type { ConfigEntry, ConfigValue } from './yaml/tree.ts';

/** A key that is swept, with one of its values. */
export interface Assignment {
  readonly key: Swept;
  readonly value: ConfigValue;
  /** Index of the value in its list, from 1. */
  readonly number: number;
}

/** A key that is swept. */
export interface Swept {
  /** As the file writes it. */
  readonly text: string;
  readonly keys: readonly PathKey[];
  /** In the file. */
  readonly entry: ConfigEntry;
}

const LONGEST_VALUE = 16;

/** `mrr64-workers2`; where one would be too long, `p01`, `p02`, … */
export function suffixesOf(points: readonly (readonly Assignment[])[], room: number): readonly string[] {
  const names = shortNames([...new Set(points.flat().map(({ key }) => key))]);
  const texts = points.map((point) =>
    point.map(({ key, value, number }) => `${names.get(key.text)}${valueText(value, number)}`).join('-'),
  );
  const suffixes = numbered(texts);
  if (suffixes.every(({ length }) => length <= room)) return suffixes;
  const digits = String(points.length).length;
  return points.map((_, index) => `p${String(index + 1).padStart(digits, '0')}`);
}

/** The short name of a key: `mrr` for `decode.args.max-running-requests`; `nodes` for `decode.nodes` or, beside `prefill.nodes`, `decodenodes`. */
function shortNames(swept: readonly Swept[]): ReadonlyMap<string, string> {
  const texts = [...new Map(swept.map((key) => [key.text, key])).values()];
  const last = texts.map(({ keys }) => shortName(keys.at(-1)?.key ?? ''));
  const longer = texts.map(({ keys }, index) => {
    const short = last[index] ?? '';
    const isAlone = last.indexOf(short) === last.lastIndexOf(short);
    return isAlone ? short : `${lettersOf(keys[0]?.key ?? '')}${short}`;
  });
  const unique = longer.map((name, index) =>
    longer.indexOf(name) === index ? name : `${name}${index + 1}v`,
  );
  return new Map(texts.map(({ text }, index) => [text, unique[index] ?? '']));
}

function shortName(key: string): string {
  const words = key.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words.length > 1 ? words.map(([letter = '']) => letter).join('') : lettersOf(key) || 'key';
}

const lettersOf = (text: string): string => text.replace(/[^A-Za-z0-9]/g, '');

function valueText(value: ConfigValue, number: number): string {
  const scalars = value.kind === 'list' ? value.items : [value];
  const texts = scalars.map((one) => {
    if (one.kind !== 'scalar') return '';
    if (one.value === null) return 'none';
    const text = typeof one.value === 'string' ? one.value.split('/').at(-1) : one.written;
    return (text ?? '').replace(/^-/, 'm').replace(/[^A-Za-z0-9.]/g, '');
  });
  const text = texts.join('x');
  const isLegible = texts.every((one) => one !== '') && text.length <= LONGEST_VALUE;
  return isLegible && texts.length > 0 ? text : `v${number}`;
}

/** With a number behind those that are there already. */
export function numbered(texts: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return texts.map((text) => {
    let own = text;
    for (let next = 2; seen.has(own); next += 1) own = `${text}-${next}`;
    seen.add(own);
    return own;
  });
}
