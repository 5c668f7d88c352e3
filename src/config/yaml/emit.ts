import type { ConfigEntry, ConfigMap, ConfigScalar, ConfigValue } from './tree.ts';
import { readYaml11 } from './yaml11.ts';

/** What is written around a key: the lines above it, and what stands behind its value. */
export interface Remarks {
  readonly above: readonly string[];
  readonly beside: string | undefined;
}

export type RemarksOf = (entry: ConfigEntry) => Remarks;

/** Columns of a line that holds a list or a map on its own. */
const WIDTH = 96;
/** Maps below this depth are data of an argument, and go on one line where they fit; variants hold whole configs. */
const DATA = 3;
const IN_VARIANTS = 2;

const NONE: Remarks = { above: [], beside: undefined };

/** A tree as YAML, with a blank line between the sections of its root. */
export function emit(root: ConfigMap, remarksOf: RemarksOf = () => NONE): string {
  const blocks = [...root.entries].map(
    ([key, entry]) =>
      [entry, emitEntry(key, entry, 0, key === 'variants' ? DATA + IN_VARIANTS : DATA, remarksOf)] as const,
  );
  const lines: string[] = [];
  let before: ConfigEntry | undefined;
  for (const [entry, block] of blocks) {
    const apart = entry.value.kind === 'map' || before?.value.kind === 'map' || block.length > 1;
    if (before !== undefined && apart) lines.push('');
    lines.push(...block);
    before = entry;
  }
  return `${lines.join('\n')}\n`;
}

/** `data`: the depth from which maps go on one line. */
function emitEntry(
  key: string,
  entry: ConfigEntry,
  depth: number,
  data: number,
  remarksOf: RemarksOf,
): readonly string[] {
  const indent = '  '.repeat(depth);
  const { above, beside } = remarksOf(entry);
  const comments = above.map((line) => `${indent}#${line === '' ? '' : ` ${line}`}`);
  const after = beside === undefined ? '' : ` # ${beside}`;
  const name = `${indent}${text(key)}:`;
  const { value } = entry;
  const line = inline(value, WIDTH - name.length, depth >= data);
  if (line !== undefined) return [...comments, `${name} ${line}${after}`];
  if (value.kind === 'scalar') {
    const body = String(value.value).replace(/\n$/, '').split('\n');
    const mark = String(value.value).endsWith('\n') ? '|' : '|-';
    return [
      ...comments,
      `${name} ${mark}${after}`,
      ...body.map((one) => (one === '' ? '' : `${indent}  ${one}`)),
    ];
  }
  if (value.kind === 'list')
    return [...comments, `${name}${after}`, ...value.items.flatMap((item) => emitItem(item, depth + 1))];
  const inner = [...value.entries].flatMap(([inside, one]) =>
    emitEntry(inside, one, depth + 1, data, remarksOf),
  );
  return [...comments, `${name}${after}`, ...inner];
}

function emitItem(item: ConfigValue, depth: number): readonly string[] {
  const indent = '  '.repeat(depth);
  const line = inline(item, WIDTH - indent.length, true);
  if (line !== undefined) return [`${indent}- ${line}`];
  if (item.kind === 'scalar') return [`${indent}- ${JSON.stringify(item.value)}`];
  const body =
    item.kind === 'map'
      ? [...item.entries].flatMap(([key, entry]) => emitEntry(key, entry, depth + 1, DATA, () => NONE))
      : item.items.flatMap((one) => emitItem(one, depth + 1));
  // The mark of the item takes the place of the first line's indent.
  return body.map((one, index) => (index === 0 ? `${indent}- ${one.slice(indent.length + 2)}` : one));
}

/** A value on one line; undefined where it takes several. `data`: a map may be on one line. */
function inline(value: ConfigValue, room: number, data: boolean): string | undefined {
  if (value.kind === 'scalar') return hasLines(value) ? undefined : scalarText(value);
  const isData = value.kind === 'list' || value.entries.size === 0 || data || isReference(value);
  const flow = isData ? flowText(value) : undefined;
  return flow !== undefined && flow.length <= room ? flow : undefined;
}

function isReference({ entries }: ConfigMap): boolean {
  return entries.size === 1 && (entries.has('from_env') || entries.has('from_file'));
}

/** Undefined where a text has several lines. */
function flowText(value: ConfigValue): string | undefined {
  if (value.kind === 'scalar') return hasLines(value) ? undefined : scalarText(value, true);
  const parts =
    value.kind === 'list'
      ? value.items.map(flowText)
      : [...value.entries].map(([key, entry]) => {
          const inner = flowText(entry.value);
          return inner === undefined ? undefined : `${text(key, true)}: ${inner}`;
        });
  if (parts.includes(undefined)) return undefined;
  if (value.kind === 'list') return `[${parts.join(', ')}]`;
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

/** Whether it is written as a block: several lines of text that a block can hold. */
function hasLines({ value }: ConfigScalar): boolean {
  return typeof value === 'string' && /\n./.test(value) && !/^\s|[\t\r\u0085\u2028\u2029]|\n\n$/.test(value);
}

function scalarText({ value, written }: ConfigScalar, flow = false): string {
  return typeof value === 'string' ? text(value, flow) : written;
}

/** Text that no reader of YAML takes for anything else without quotes. */
const PLAIN = /^[A-Za-z0-9_/.$~+*^=(;<-](?:[^#:\u0000-\u001f\u007f-\u009f]|:(?=[^\s:])|(?<=\S)#)*$/;
/** `[`, `]`, `{`, `}` and `,` are marks inside lists and maps on one line. */
const FLOW = /[[\]{},]/;

function text(value: string, flow = false): string {
  const plain =
    PLAIN.test(value) &&
    !/^[-*]|^=$|^<<|\s$|:$|[\u2028\u2029\ufeff]/.test(value) &&
    !(flow && FLOW.test(value)) &&
    typeof readYaml11(value) === 'string' &&
    // YAML 1.2 has other numbers; 1.1 has dates.
    !/^[-+]?(\.\d+|\d+(\.\d*)?)(e[-+]?\d+)?$|^[-+]?\.(inf|nan)$|^0[xob]|^\d{4}-\d|^[-+]?\d+(:\d+)+/i.test(
      value,
    );
  if (plain) return value;
  if (
    !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/.test(value) &&
    value.includes('"') &&
    !value.includes("'")
  )
    return `'${value}'`;
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
