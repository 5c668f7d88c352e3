/** Rows as aligned columns, two spaces apart and no space at the ends of lines. Columns of numbers go to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const columns = header.map((_, column) => {
    const cells = all.map((row) => row[column] ?? '');
    const numeric = rows.length > 0 && cells.slice(1).every((cell) => /^[\d.,:-]*$/.test(cell));
    const width = Math.max(...cells.map((cell) => cell.length));
    return (cell: string) => (numeric ? cell.padStart(width) : cell.padEnd(width));
  });
  return all
    .map((row) => `${columns.map((align, column) => align(row[column] ?? '')).join('  ')}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}

/** `0-3, 7`: numbers, ascending, with runs of them shortened. */
export function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}
