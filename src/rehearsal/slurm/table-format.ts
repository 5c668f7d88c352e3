import { COLUMNS, type Viewing } from './job-format.ts';
import type { JobRecord } from './job-record.ts';

/** One column of a table, with what stands before and after it. */
interface Field {
  readonly column: (typeof COLUMNS)[number];
  readonly before: string;
  readonly after: string;
  /** 0 for as wide as the value. */
  readonly width: number;
  readonly right: boolean;
}

export interface TableFormat {
  readonly fields: readonly Field[];
  /** What it did not know. */
  readonly unknown: readonly string[];
}

export const DEFAULT_FORMAT = '%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R';

/** squeue's `--format`: `%.18i %T|%k`, with a width, and a dot for the right side. */
export function parseFormat(text: string): TableFormat {
  const fields: Field[] = [];
  const unknown: string[] = [];
  let before = text.slice(0, text.includes('%') ? text.indexOf('%') : text.length);
  for (const [, dot, width, letter = '', after = ''] of text.matchAll(/%(\.?)(\d*)([A-Za-z])([^%]*)/g)) {
    const column = COLUMNS.find((known) => known.letter === letter);
    if (column) fields.push({ column, before, after, width: Number(width), right: dot === '.' });
    else unknown.push(letter);
    before = '';
  }
  return { fields, unknown };
}

/** squeue's `--Format`: `JobID:12,Reason:.20,Name:|`; 20 wide unless told, and a suffix takes the place of padding. */
export function parseLongFormat(text: string): TableFormat {
  const fields: Field[] = [];
  const unknown: string[] = [];
  for (const word of text.split(',')) {
    const [, name = word, size] = /^([^:]*)(?::(.*))?$/.exec(word) ?? [];
    const [, dot, digits, after = ''] = /^(\.?)(\d*)(.*)$/.exec(size ?? '20') ?? [];
    const column = COLUMNS.find((known) => known.name === name.trim().toLowerCase());
    if (column) fields.push({ column, before: '', after, width: Number(digits), right: dot === '.' });
    else unknown.push(name);
  }
  return { fields, unknown };
}

export function headingLine({ fields }: TableFormat): string {
  return fields.map((field) => cell(field, field.column.heading)).join('');
}

export function jobLine({ fields }: TableFormat, job: JobRecord, viewing: Viewing): string {
  return fields.map((field) => cell(field, field.column.value(job, viewing))).join('');
}

function cell({ before, after, width, right }: Field, value: string): string {
  const cut = width === 0 ? value : value.slice(0, width);
  return before + (right ? cut.padStart(width) : cut.padEnd(width)) + after;
}
