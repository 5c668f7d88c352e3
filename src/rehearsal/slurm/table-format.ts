/** What a column needs besides its row. */
export interface Viewing {
  /** ms since 1970. */
  readonly now: number;
  /** SLURM_TIME_FORMAT. */
  readonly timeFormat?: string | undefined;
}

export interface Column<Row> {
  /** Of `--format`: `%i`. */
  readonly letter?: string;
  /** Of `--Format`, in lower case. */
  readonly name: string;
  readonly heading: string;
  readonly value: (row: Row, viewing: Viewing) => string;
}

/** One column of a table, with what stands before and after it. */
interface Field<Row> {
  readonly column: Column<Row>;
  readonly before: string;
  readonly after: string;
  /** 0 for as wide as the value. */
  readonly width: number;
  readonly right: boolean;
}

export interface TableFormat<Row> {
  readonly fields: readonly Field<Row>[];
  /** What it did not know. */
  readonly unknown: readonly string[];
}

/** squeue's `--format`: `%.18i %T|%k`, with a width, and a dot for the right side. */
export function parseFormat<Row>(text: string, columns: readonly Column<Row>[]): TableFormat<Row> {
  const fields: Field<Row>[] = [];
  const unknown: string[] = [];
  let before = text.slice(0, text.includes('%') ? text.indexOf('%') : text.length);
  for (const [, dot, width, letter = '', after = ''] of text.matchAll(/%(\.?)(\d*)([A-Za-z])([^%]*)/g)) {
    const column = columns.find((known) => known.letter === letter);
    if (column) fields.push({ column, before, after, width: Number(width), right: dot === '.' });
    else unknown.push(letter);
    before = '';
  }
  return { fields, unknown };
}

/** squeue's `--Format`: `JobID:12,Reason:.20,Name:|`; 20 wide unless told, and a suffix takes the place of padding. */
export function parseLongFormat<Row>(text: string, columns: readonly Column<Row>[]): TableFormat<Row> {
  const fields: Field<Row>[] = [];
  const unknown: string[] = [];
  for (const word of text.split(',')) {
    const [, name = word, size] = /^([^:]*)(?::(.*))?$/.exec(word) ?? [];
    const [, dot, digits, after = ''] = /^(\.?)(\d*)(.*)$/.exec(size ?? '20') ?? [];
    const column = columns.find((known) => known.name === name.trim().toLowerCase());
    if (column) fields.push({ column, before: '', after, width: Number(digits), right: dot === '.' });
    else unknown.push(name);
  }
  return { fields, unknown };
}

export function headingLine<Row>({ fields }: TableFormat<Row>): string {
  return fields.map((field) => cell(field, field.column.heading)).join('');
}

export function tableLine<Row>({ fields }: TableFormat<Row>, row: Row, viewing: Viewing): string {
  return fields.map((field) => cell(field, field.column.value(row, viewing))).join('');
}

function cell<Row>({ before, after, width, right }: Field<Row>, value: string): string {
  const cut = width === 0 ? value : value.slice(0, width);
  return before + (right ? cut.padStart(width) : cut.padEnd(width)) + after;
}
