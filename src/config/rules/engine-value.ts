import notes from '../compat/argument-notes.json' with { type: 'json' };
import type { EngineArgument } from '../compat/engine-table.ts';
import type { ArgumentValue } from '../schema/role.ts';
import { alternatives, didYouMean, nearest } from '../text/suggestion.ts';
import type { Fault } from '../yaml/problem.ts';

/** Why a parser refuses a value. */
export interface ValueFault extends Fault {
  /** The value that is none of the choices. */
  readonly choice?: string;
}

/** Bounds that engines check late or not at all, the least and the most, from their own code. */
const BOUNDS: ReadonlyMap<string, readonly number[]> = new Map(Object.entries(notes.bounds));

/** Choices that are shown in full. */
const SHOWN = 8;

export function engineValueFault(argument: EngineArgument, value: ArgumentValue): ValueFault | undefined {
  const { type, many } = argument;
  if (type === 'flag') {
    const written = Array.isArray(value)
      ? value.join(' ')
      : typeof value === 'object'
        ? 'a map'
        : String(value);
    return value === true
      ? undefined
      : { message: `takes no value, not ${JSON.stringify(written)}`, hint: 'write true, or leave it out' };
  }
  if (value === true) {
    return many === '?' || many === '*'
      ? undefined
      : { message: 'needs a value', hint: `give ${kindOf(argument)}` };
  }
  if (Array.isArray(value)) {
    if (many !== '+' && many !== '*' && value.length !== 1)
      return { message: `takes one value, not ${value.length}`, hint: 'give one' };
    return value.map((one) => oneFault(argument, String(one))).find((fault) => fault !== undefined);
  }
  return oneFault(argument, typeof value === 'object' ? JSON.stringify(value) : String(value));
}

function oneFault(argument: EngineArgument, text: string): ValueFault | undefined {
  const { type, choices, name } = argument;
  const isNumber = type === 'int' ? INTEGER.test(text) : FLOAT.test(text);
  if ((type === 'int' || type === 'float') && !isNumber)
    return { message: `takes ${kindOf(argument)}, not ${JSON.stringify(text)}` };
  const chosen = type === 'word' ? text.toLowerCase().replaceAll('-', '_') : text;
  if (choices !== undefined && !choices.includes(chosen)) {
    const near = nearest(text, choices);
    const all = choices.length <= SHOWN ? `takes ${alternatives(choices)}, not` : 'has no choice';
    const hint =
      near === undefined && choices.length > SHOWN ? `it takes ${alternatives(choices)}` : undefined;
    return {
      message: `${all} ${JSON.stringify(text)}${didYouMean(near)}`,
      choice: text,
      ...(hint && { hint }),
    };
  }
  const [least, most] = BOUNDS.get(name) ?? [];
  const number = Number(text.replaceAll('_', ''));
  if (least === undefined || (number >= least && number <= (most ?? number))) return undefined;
  const range = most === undefined ? `be at least ${least}` : `lie between ${least} and ${most}`;
  return { message: `must ${range}, not ${text}` };
}

/** What Python's int() and float() take. */
const INTEGER = /^\s*[+-]?\d+(_\d+)*\s*$/;
const FLOAT = /^\s*[+-]?((\d+(_\d+)*\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan)\s*$/i;

function kindOf({ type, many }: EngineArgument): string {
  if (type === 'text' || type === 'word') return 'one';
  const kind = type === 'int' ? 'whole number' : 'number';
  return many === '+' || many === '*' ? `${kind}s` : `a ${kind}`;
}
