import { filled } from './wording.ts';

/**
 * Rows as aligned columns, two spaces apart and no space at the ends of lines. Columns of numbers go to the right. With
 * a `width`, the last column goes on in further lines where it is too long for it.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string {
  const widths = header.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const before = widths.slice(0, -1).reduce((sum, each) => sum + each + 2, 0);
  const numeric = header.map((_, column) => rows.every((row) => /^[\d.,:-]*$/.test(row[column] ?? '')));
  const line = (row: readonly string[], aligned: boolean) =>
    widths
      .map((size, column) => {
        const cell = row[column] ?? '';
        return aligned && numeric[column] ? cell.padStart(size) : cell.padEnd(size);
      })
      .join('  ')
      .trimEnd();
  const lines = rows.flatMap((row) => {
    const [first = '', ...more] = filled(
      (row[header.length - 1] ?? '').split(' '),
      Math.max(width - before, MINIMUM),
    );
    return [line([...row.slice(0, -1), first], true), ...more.map((text) => `${' '.repeat(before)}${text}`)];
  });
  return [line(header, rows.length > 0), ...lines].map((text) => `${text}\n`).join('');
}

/** A column narrower than this is no help. */
const MINIMUM = 24;
