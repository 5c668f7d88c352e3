import type { Context } from './context.ts';

/** Longest name of a job. */
const LONGEST = 64;

/** Letters, digits, dots, dashes and underscores; a long name is cut, and keeps apart from others by a hash. */
export function jobName({ recipe, findings }: Context): string {
  const { value, entry } = recipe.name;
  const clean = value.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'recipe';
  if (clean === value && value.length <= LONGEST) return value;
  const name = clean.length <= LONGEST ? clean : `${clean.slice(0, LONGEST - 7)}-${hash(value)}`;
  findings.note(
    entry,
    `the job is called ${name}: a name has at most ${LONGEST} letters, digits, dots, dashes and underscores`,
  );
  return name;
}

/** Six digits that differ for different texts (FNV-1a). */
function hash(text: string): string {
  let sum = 0x811c9dc5;
  for (const character of text) sum = Math.imul(sum ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return sum.toString(16).padStart(8, '0').slice(0, 6);
}
