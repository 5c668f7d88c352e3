import type { ArgumentValue } from './schema/role.ts';
import { dashed } from './text/dashed.ts';

/**
 * Arguments as words of a command, in their order: `true` is a bare flag, `false` nothing, a list a flag and its items,
 * a map JSON, all else a flag and its text. Names have dashes.
 */
export function argumentWords(args: Readonly<Record<string, ArgumentValue | undefined>>): readonly string[] {
  return Object.entries(args).flatMap(([name, value]) => words(`--${dashed(name)}`, value));
}

function words(flag: string, value: ArgumentValue | undefined): readonly string[] {
  if (value === false || value === undefined || value === null) return [];
  if (value === true) return [flag];
  if (Array.isArray(value)) return [flag, ...value.map(String)];
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  // argparse takes a word with a leading dash for a flag, unless it is a number.
  return text.startsWith('-') && Number.isNaN(Number(text)) ? [`${flag}=${text}`] : [flag, text];
}
