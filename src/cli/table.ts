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
