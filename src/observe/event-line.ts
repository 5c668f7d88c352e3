import { plainText } from '../host/plain-text.ts';
import type { EventKind, ObservedEvent, Outcome } from './event.ts';
import {
  duration,
  fields,
  isObject,
  list,
  oneOf,
  parseJson,
  type Reader,
  text,
  time,
  whole,
} from './foreign.ts';
import { SESSION_FIELDS } from './session-event.ts';

const OUTCOMES: readonly Outcome[] = ['succeeded', 'failed', 'deadline', 'cancelled', 'timeout'];

const FINDINGS = list(fields({ text, nodes: list(text) }));
/** ProcessEnd, as far as it is known. */
const END = { role: text, node: text, rank: whole, exit: whole, signal: text, line: text };
const OF_WORKER = { reason: text, step: text, role: text };
const MISSING = { role: text, have: whole, want: whole, missing: list(text), reason: text };

/** What makes an event of its kind; what else a line holds is kept. */
const KINDS: Readonly<Record<EventKind, Reader<object>>> = {
  ...SESSION_FIELDS,
  'job-started': fields({ job: text, attempt: whole, nodes: whole }),
  preflight: fields(
    { problems: FINDINGS, warnings: FINDINGS, seconds: duration },
    { blamed: list(fields({ node: text, reason: text })) },
  ),
  'nodes-bound': fields({ nodes: list(fields({ index: whole, host: text, ip: text })) }),
  'port-moved': fields({ from: text, to: text, reason: text }),
  image: fields({ state: text, file: text, reason: text, seconds: duration }),
  'step-started': fields({ step: text, nodes: list(text) }, { role: text }),
  'service-ready': fields({ step: text, seconds: duration }),
  'workers-registered': fields({ role: text, have: whole, want: whole }),
  waiting: fields({ reason: text }),
  ready: fields({ url: text, model: text, seconds: duration }, { engines: text }),
  'process-ended': fields({ reason: text, step: text }, END),
  'worker-restarting': fields({ ...OF_WORKER, restart: whole, of: whole, delay: duration }, END),
  recovered: fields({ step: text, role: text, restart: whole, seconds: duration }),
  degraded: fields({ ...OF_WORKER, have: whole, want: whole, missing: list(text) }, END),
  unregistered: fields(MISSING),
  'registered-again': fields({ role: text, have: whole, want: whole, seconds: duration }),
  stalled: fields({ step: text, reason: text }),
  'answers-again': fields({ step: text, seconds: duration }),
  warning: fields({ reason: text }, { step: text, node: text }),
  'bench-point': fields(
    { step: text, name: text, state: text, index: whole, of: whole, concurrency: whole },
    { exit: whole, seconds: duration },
  ),
  draining: fields({ reason: text }),
  teardown: fields({ reason: text }, { outcome: text }),
  requeued: fields({ reason: text, seconds: duration }),
  verdict: fields(
    { outcome: oneOf(...OUTCOMES), reason: text, seconds: duration },
    { ...END, step: text, attempt: whole },
  ),
};

/** Reads a line of events.jsonl. Never throws: what it does not know is `other`, what is no object is `unreadable`. */
export function parseEventLine(line: string): ObservedEvent {
  const value = parseJson(line);
  if (!isObject(value)) return { time: '', kind: 'unreadable', line: plainText(line).slice(0, 200) };
  const at = time(value.time);
  const name = text(value.kind) ?? '';
  const known = at !== undefined && Object.hasOwn(KINDS, name) && KINDS[name as EventKind](value);
  return known ? (known as ObservedEvent) : { time: at ?? '', kind: 'other', name, fields: value };
}
