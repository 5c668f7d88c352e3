import type { EngineArgument } from '../compat/engine-table.ts';
import type { ArgumentValue } from '../schema/role.ts';
import { alternatives, nearest } from '../text/suggestion.ts';
import type { Fault } from '../yaml/problem.ts';

/** Why a parser refuses a value. */
export interface ValueFault extends Fault {
  /** The value that is none of the choices. */
  readonly choice?: string;
}

/** Bounds that SGLang checks late or not at all: its `server_args.py` and `arg_groups/`. */
const BOUNDS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  'mem-fraction-static': [0, 1],
  'swa-full-tokens-ratio': [0, 1],
  'page-size': [1, Number.POSITIVE_INFINITY],
  'context-length': [1, Number.POSITIVE_INFINITY],
  'max-running-requests': [1, Number.POSITIVE_INFINITY],
  'max-total-tokens': [1, Number.POSITIVE_INFINITY],
  'max-prefill-tokens': [1, Number.POSITIVE_INFINITY],
  'chunked-prefill-size': [-1, Number.POSITIVE_INFINITY],
  'stream-interval': [1, Number.POSITIVE_INFINITY],
  'schedule-conservativeness': [0, Number.POSITIVE_INFINITY],
  'cuda-graph-max-bs': [1, Number.POSITIVE_INFINITY],
  'cuda-graph-max-bs-decode': [1, Number.POSITIVE_INFINITY],
  'disaggregation-bootstrap-port': [1, 65_535],
  port: [1, 65_535],
};

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
  if (type !== 'text' && !isNumber)
    return { message: `takes ${kindOf(argument)}, not ${JSON.stringify(text)}` };
  if (choices !== undefined && !choices.includes(text)) {
    const near = nearest(text, choices);
    const all = choices.length <= SHOWN ? `takes ${alternatives(choices)}, not` : 'has no choice';
    const meant = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
    const hint =
      near === undefined && choices.length > SHOWN ? `it takes ${alternatives(choices)}` : undefined;
    return { message: `${all} ${JSON.stringify(text)}${meant}`, choice: text, ...(hint && { hint }) };
  }
  const [least, most] = (Object.hasOwn(BOUNDS, name) && BOUNDS[name]) || [undefined, undefined];
  const number = Number(text.replaceAll('_', ''));
  if (least === undefined || most === undefined || (number >= least && number <= most)) return undefined;
  return {
    message:
      most === Number.POSITIVE_INFINITY
        ? `must be at least ${least}, not ${text}`
        : `must lie between ${least} and ${most}, not ${text}`,
  };
}

/** What Python's int() and float() take. */
const INTEGER = /^\s*[+-]?\d+(_\d+)*\s*$/;
const FLOAT = /^\s*[+-]?((\d+(_\d+)*\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan)\s*$/i;

function kindOf({ type, many }: EngineArgument): string {
  if (type === 'text') return 'one';
  const kind = type === 'int' ? 'whole number' : 'number';
  return many === '+' || many === '*' ? `${kind}s` : `a ${kind}`;
}
