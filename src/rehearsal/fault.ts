import { DynSlurmError } from '../errors.ts';
import type { EventKind } from '../run/events.ts';
import { parseSignal } from './slurm/signals.ts';

export type FaultAction =
  /** The step's program ends with this code; before it has run when `when` is the start. */
  | { readonly kind: 'exit'; readonly code: number }
  /** The step's program gets a signal; its script does not, and says what happened. */
  | { readonly kind: 'kill'; readonly signal: NodeJS.Signals }
  /** The program stands still, for ever without `seconds`. */
  | { readonly kind: 'stop'; readonly seconds?: number }
  /** Something else listens on this port of the node. */
  | { readonly kind: 'port'; readonly port: number }
  /** The task starts late. */
  | { readonly kind: 'slow'; readonly seconds: number };

/** Something that is to go wrong in a rehearsal. */
export interface Fault {
  /** The step's name: `prefill-0`, `etcd`. */
  readonly step: string;
  /** Rank of the task. Default: 0. */
  readonly rank: number;
  readonly action: FaultAction;
  /** From the task's start, or from the first event of a kind in events.jsonl. */
  readonly when: 'start' | EventKind;
  /** Seconds after that. */
  readonly delay: number;
}

/** `STEP[.RANK]:ACTION[@WHEN]`. Throws DynSlurmError (usage). */
export function parseFault(spec: string): Fault {
  const [, step = '', rank = '0', action = '', when = 'start', delay = '0'] = SPEC.exec(spec) ?? [];
  if (step === '') throw refuse(spec, 'it must have the form STEP[.RANK]:ACTION[@WHEN]');
  const fault = { step, rank: Number(rank), action: parseAction(spec, action), delay: Number(delay) };
  const moment = MOMENTS.find((name) => name === when);
  if (!moment) throw refuse(spec, `"${when}" is not one of ${MOMENTS.join(', ')}`);
  if ((fault.action.kind === 'port' || fault.action.kind === 'slow') && (when !== 'start' || delay !== '0')) {
    throw refuse(spec, `"${fault.action.kind}" acts at the start and takes no @WHEN`);
  }
  return { ...fault, when: moment };
}

/** `decode-0 stands still for 20 s, 2 s after ready`. */
export function faultText({ step, rank, action, when, delay }: Fault): string {
  const who = rank === 0 ? step : `${step}, rank ${rank},`;
  const moment = when === 'start' ? 'its start' : when;
  const at = delay === 0 ? `at ${moment}` : `${delay} s after ${moment}`;
  switch (action.kind) {
    case 'exit':
      return `${who} exits with code ${action.code}, ${at}`;
    case 'kill':
      return `${who} gets ${action.signal}, ${at}`;
    case 'stop':
      return `${who} is suspended ${action.seconds === undefined ? 'permanently' : `for ${action.seconds} s`}, ${at}`;
    case 'port':
      return `another program listens on port ${action.port} of the node of ${who}`;
    case 'slow':
      return `${who} starts ${action.seconds} s late`;
    default:
      return action satisfies never;
  }
}

/** Specs separated by commas or, as JSON, in a list; none for an empty text. */
export function parseFaults(text: string): readonly Fault[] {
  const specs: unknown = text.trimStart().startsWith('[') ? JSON.parse(text) : text.split(',');
  return (Array.isArray(specs) ? specs.map(String) : [])
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '')
    .map(parseFault);
}

const SPEC = /^([A-Za-z][\w-]*)(?:\.(\d+))?:([^@]+)(?:@([a-z-]+)?(?:\+(\d+(?:\.\d+)?))?)?$/;

const MOMENTS = [
  'start',
  'nodes-bound',
  'step-started',
  'service-ready',
  'workers-registered',
  'ready',
  'draining',
  'teardown',
] as const satisfies readonly ('start' | EventKind)[];

function parseAction(spec: string, text: string): FaultAction {
  const [, kind = text, value] = /^([a-z]+)(?:=(.*))?$/.exec(text) ?? [];
  switch (kind) {
    case 'exit':
      return { kind, code: wholeNumber(spec, value, 'exit code', 255) };
    case 'kill': {
      const signal = parseSignal(value ?? 'KILL');
      if (!signal) throw refuse(spec, `"${value}" is not a signal`);
      return { kind, signal };
    }
    case 'stop':
      return value === undefined ? { kind } : { kind, seconds: seconds(spec, value) };
    case 'port':
      return { kind, port: wholeNumber(spec, value, 'port', 65535) };
    case 'slow':
      return { kind, seconds: seconds(spec, value) };
    default:
      throw refuse(
        spec,
        `"${kind}" is not one of exit=N, kill[=SIGNAL], stop[=SECONDS], port=N, slow=SECONDS`,
      );
  }
}

function wholeNumber(spec: string, text: string | undefined, what: string, most: number): number {
  if (text === undefined || !/^\d+$/.test(text) || Number(text) > most) {
    throw refuse(spec, `"${text ?? ''}" is not a valid ${what}`);
  }
  return Number(text);
}

function seconds(spec: string, text: string | undefined): number {
  if (text === undefined || !/^\d+(\.\d+)?$/.test(text)) {
    throw refuse(spec, `"${text ?? ''}" is not a number of seconds`);
  }
  return Number(text);
}

function refuse(spec: string, reason: string): DynSlurmError {
  return new DynSlurmError('usage', `fault "${spec}": ${reason}`, {
    hint: 'for example prefill-0:kill, decode-0.1:exit=3@ready+2, etcd:stop=20@ready, frontend-0:port=8000',
  });
}
