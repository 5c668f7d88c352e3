import { isObject, parseJson } from '../run/lenient.ts';

/** Tokens of the prompt behind each of `hash_ids`, in Mooncake's traces and in aiperf. */
const BLOCK = 512;

/** How a line says what is sent; exactly one of them does. */
const INPUTS = ['input_length', 'text_input', 'messages', 'payload'] as const;

/** What is wrong with a line of a trace. */
export interface TraceFault {
  /** From 1. */
  readonly line: number;
  readonly reason: string;
}

/** Reads a trace line by line, by the rules of aiperf 0.13.0. */
export class TraceReader {
  readonly #faults: TraceFault[] = [];
  readonly #timed: boolean;
  #line = 0;
  #requests = 0;

  /** `timed`: each request has to say when it is sent. */
  constructor({ timed }: { readonly timed: boolean }) {
    this.#timed = timed;
  }

  push(text: string): void {
    this.#line++;
    if (text.trim() === '') return;
    this.#requests++;
    const reason = faultOf(text, this.#timed);
    if (reason !== undefined) this.#faults.push({ line: this.#line, reason });
  }

  /** What is wrong, in the order of the lines. */
  end(): readonly TraceFault[] {
    return this.#requests === 0 ? [{ line: 1, reason: 'has no request' }] : this.#faults;
  }
}

function faultOf(text: string, timed: boolean): string | undefined {
  const row = parseJson(text);
  if (!isObject(row)) return 'is not a JSON object';
  const given = INPUTS.filter((name) => !isNone(row[name]));
  if (given.length !== 1) {
    return given.length === 0
      ? `has none of ${INPUTS.join(', ')}`
      : `has ${given.join(' and ')}, of which only one may be given`;
  }
  return (
    lengthFault(row, 'input_length') ??
    lengthFault(row, 'output_length') ??
    timeFault(row, timed) ??
    hashFault(row) ??
    messageFault(row.messages)
  );
}

type Row = Readonly<Record<string, unknown>>;

const isNone = (value: unknown): value is undefined | null => value === undefined || value === null;

function lengthFault(row: Row, name: string): string | undefined {
  const value = row[name];
  if (isNone(value) || (Number.isInteger(value) && (value as number) > 0)) return undefined;
  return `has the ${name} ${JSON.stringify(value)}, which is not a number of tokens above 0`;
}

function timeFault(row: Row, timed: boolean): string | undefined {
  for (const name of ['timestamp', 'delay']) {
    const value = row[name];
    if (!isNone(value) && !(typeof value === 'number' && value >= 0))
      return `has the ${name} ${JSON.stringify(value)}, which is not a number of milliseconds`;
  }
  return timed && isNone(row.timestamp) && isNone(row.delay)
    ? 'has no timestamp, and no delay after the turn before it'
    : undefined;
}

function hashFault(row: Row): string | undefined {
  const { hash_ids: ids, input_length: length } = row;
  if (isNone(ids)) return undefined;
  if (!Array.isArray(ids) || !ids.every(Number.isInteger))
    return 'has hash_ids that are not a list of whole numbers';
  if (isNone(length)) return 'has hash_ids without an input_length';
  const [least, most] = [(ids.length - 1) * BLOCK + 1, ids.length * BLOCK];
  if (ids.length === 0 || ((length as number) >= least && (length as number) <= most)) return undefined;
  return `has ${ids.length} hash_ids, which stand for ${least} to ${most} tokens (${BLOCK} each), but the input_length ${length}`;
}

function messageFault(messages: unknown): string | undefined {
  if (isNone(messages)) return undefined;
  const ok =
    Array.isArray(messages) && messages.length > 0 && messages.every((one) => isObject(one) && 'role' in one);
  return ok ? undefined : 'has messages that are not a list of objects with a role';
}
