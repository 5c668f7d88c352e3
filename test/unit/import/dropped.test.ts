import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseYaml } from '../../../src/config/yaml/parse.ts';
import { type ConfigPath, pathText } from '../../../src/config/yaml/source-range.ts';
import type { ConfigValue } from '../../../src/config/yaml/tree.ts';
import { importFile } from '../../../src/import/import.ts';
import { packageRoot } from '../../world.ts';

const folder = join(packageRoot, 'test/fixtures/recipes');
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/** What an import says and writes, without the places: they move with the text. */
function outcome(file: string, text: string): string {
  const { documents, findings } = importFile(file, text);
  const said = findings.map(({ kind, path, message, hint }) => [kind, path, message, hint]);
  return JSON.stringify([documents, said]);
}

interface Leaf {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Scalars without aliases and merge keys, by their offsets. */
function leaves(
  value: ConfigValue,
  path: ConfigPath,
  text: string,
  lines: readonly number[],
): readonly Leaf[] {
  if (value.kind === 'list')
    return value.items.flatMap((item, index) => leaves(item, [...path, index], text, lines));
  if (value.kind === 'map')
    return [...value.entries].flatMap(([key, entry]) => leaves(entry.value, [...path, key], text, lines));
  const start = (lines[value.range.line - 1] ?? 0) + value.range.column - 1;
  const end = start + value.range.length;
  const written = text.slice(start, end);
  const isWhole =
    value.value !== null && value.value !== false && !/^[*&|>]/.test(written) && !written.includes('\n');
  return isWhole ? [{ path: pathText(path), start, end, text: written }] : [];
}

/** Another value of the same kind. */
function changed(written: string): string {
  if (/^(true|yes|on)$/i.test(written)) return 'false';
  if (/^\d+$/.test(written)) return String(Number(written) + 1);
  const [, quote = '', inner = '', end = ''] = /^(["']?)(.*?)(["']?)$/s.exec(written) ?? [];
  const other = /\d/.test(inner)
    ? inner.replace(/\d/, (digit) => String((Number(digit) % 9) + 1))
    : `${inner}x`;
  return `${quote}${other}${end}`;
}

/** What both launchers write themselves, and srt-slurm's checkout calls its runs. */
const MANAGED =
  /(?:^|\.)(lock\.\w+|schema|model-path|disaggregation-mode|allow_prefill_decode_colocation)$|^services\[\d+\]\.(name|type)$/;

test.each(names)('no value of %s goes without a word: with another one, the import is another', (name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  const parsed = parseYaml(name, text, 'foreign');
  const before = outcome(name, text);
  if (parsed.root === undefined || importFile(name, text).documents.length === 0) return;
  const told = importFile(name, text).findings.flatMap(({ path }) => (path === '' ? [] : [path]));
  const lines = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  const silent = leaves(parsed.root, [], text, lines).filter(({ path, start, end, text: written }) => {
    if (
      MANAGED.test(path) ||
      told.some((one) => `${path}.`.startsWith(`${one}.`) || path.startsWith(`${one}[`))
    )
      return false;
    return outcome(name, text.slice(0, start) + changed(written) + text.slice(end)) === before;
  });
  expect(silent.map(({ path, text: written }) => `${path}: ${written}`)).toEqual([]);
});
