import type { Fault } from './problem.ts';

/**
 * YAML 1.1 read `010` as eight and YAML 1.2 reads ten; JavaScript rounds whole numbers above 2^53, and no program here
 * takes infinity. Each is refused rather than guessed.
 */
export function numberFault(value: number, written: string): Fault | undefined {
  const hint = `write "${written}" in quotes if it is text`;
  if (!Number.isFinite(value)) return { message: `${written} is not a finite number`, hint };
  if (/^[-+]?0\d/.test(written)) {
    return {
      message: `${written} has a leading zero, which some programs read as octal`,
      hint: `write ${value}, or "${written}" in quotes if it is text`,
    };
  }
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return {
      message: `${written.length > 32 ? `${written.slice(0, 31)}…` : written} is too large to be exact: the limit is 2^53`,
      hint: 'write it in quotes if it is text',
    };
  }
  return undefined;
}
