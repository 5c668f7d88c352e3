import { resolve } from 'node:path';
import { alternatives, nearest } from '../../../config/text/suggestion.ts';
import { ALL, BASE, type Variant } from '../../../config/variants.ts';
import { DynSlurmError } from '../../../errors.ts';
import { quote } from '../../../render/shell.ts';
import type { World } from '../../world.ts';

/** What selects variants, beside brackets behind the file. */
export interface SelectOptions {
  readonly variant?: readonly string[];
}

/** A config, and which of its variants are meant. */
export interface Selection {
  /** As the command line has it, `-` for standard input. */
  readonly path: string;
  /** Names and patterns of variants; without any, all are meant. */
  readonly wanted: readonly string[];
}

/** Reads `config.yaml[mtp,low-*]`; a file whose name ends so is that file. */
export async function readSelection(
  given: string,
  { variant = [] }: SelectOptions,
  world: World,
): Promise<Selection> {
  const [, path, inBrackets] = /^(.+)\[([^[\]]*)\]$/s.exec(given) ?? [];
  const isFile = path === undefined || (await world.exists(resolve(world.cwd, given)));
  const names = [...variant, ...(isFile ? [] : [inBrackets ?? ''])].flatMap((list) => list.split(','));
  return {
    path: isFile ? given : path,
    wanted: names.map((name) => name.trim()).filter((name) => name !== ''),
  };
}

/** A variant, or undefined for the file's own keys. */
export type Selected = Variant | undefined;

/** The variants that are meant, in the order of the file. @throws DynSlurmError `usage` where one is not there. */
export function select(variants: readonly Variant[], { path, wanted }: Selection): readonly Selected[] {
  if (variants.length === 0 && wanted.length === 0) return [undefined];
  if (wanted.length === 0) return variants;
  const chosen = new Set<Selected>();
  for (const pattern of wanted) {
    const found = pattern === BASE ? [undefined] : matching(variants, pattern);
    if (found.length === 0) throw unknown(pattern, variants, path);
    for (const one of found) chosen.add(one);
  }
  return [undefined, ...variants].filter((one) => chosen.has(one));
}

/** By its label; by the name that it has in common with other points of a sweep; or by a pattern with `*` and `?`. */
function matching(variants: readonly Variant[], pattern: string): readonly Variant[] {
  if (pattern === ALL) return variants;
  const exact = variants.filter(({ label }) => label === pattern);
  if (exact.length > 0) return exact;
  const named = variants.filter(({ name }) => name === pattern);
  if (named.length > 0) return named;
  const text = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return variants.filter(({ label }) => new RegExp(`^${text}$`).test(label));
}

function unknown(pattern: string, variants: readonly Variant[], path: string): DynSlurmError {
  if (variants.length === 0) {
    return new DynSlurmError('usage', `${path} has no variants, so [${pattern}] selects nothing`);
  }
  const labels = variants.map(({ label }) => label);
  const names = variants.flatMap(({ name }) => name ?? []);
  const near = nearest(pattern, [...labels, ...names, BASE, ALL]);
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  return new DynSlurmError('usage', `${path} has no variant ${pattern}${meant}`, {
    hint: `it has ${someOf(labels)}; [${BASE}] selects the keys of the file itself`,
  });
}

/** For a command that takes one job. */
export function severalSelected(path: string, labels: readonly string[]): DynSlurmError {
  const [first = ''] = labels;
  return new DynSlurmError('usage', `${path} has ${someOf(labels)}, and this command takes one of them`, {
    hint: `name it, as ${quote(`${path}[${first}]`)}, or the file's own keys, as ${quote(`${path}[${BASE}]`)}`,
  });
}

const MOST = 8;

function someOf(labels: readonly string[]): string {
  const shown = labels.length > MOST ? [...labels.slice(0, MOST), `${labels.length - MOST} more`] : labels;
  return `the ${labels.length === 1 ? 'variant' : 'variants'} ${alternatives(shown, 'and')}`;
}
