import { plainText } from '../host/plain-text.ts';
import type { EventKind, ObservedEvent, Outcome } from './event.ts';
import { SESSION_FIELDS } from './session-event.ts';

type FieldType = 'string' | 'number' | 'list';

/** The fields that make an event of its kind; what else a line holds is kept. */
const FIELDS: Readonly<Record<EventKind, Readonly<Record<string, FieldType>>>> = {
  ...SESSION_FIELDS,
  'job-started': { job: 'string', attempt: 'number', nodes: 'number' },
  preflight: { problems: 'list', warnings: 'list', seconds: 'number' },
  'nodes-bound': { nodes: 'list' },
  'port-moved': { from: 'string', to: 'string', reason: 'string' },
  image: { state: 'string', file: 'string', reason: 'string', seconds: 'number' },
  'step-started': { step: 'string', nodes: 'list' },
  'service-ready': { step: 'string', seconds: 'number' },
  'workers-registered': { role: 'string', have: 'number', want: 'number' },
  waiting: { reason: 'string' },
  ready: { url: 'string', model: 'string', seconds: 'number' },
  'process-ended': { reason: 'string', step: 'string' },
  'worker-restarting': {
    reason: 'string',
    step: 'string',
    role: 'string',
    restart: 'number',
    of: 'number',
    delay: 'number',
  },
  recovered: { step: 'string', role: 'string', restart: 'number', seconds: 'number' },
  degraded: {
    reason: 'string',
    step: 'string',
    role: 'string',
    have: 'number',
    want: 'number',
    missing: 'list',
  },
  unregistered: { role: 'string', have: 'number', want: 'number', missing: 'list', reason: 'string' },
  'registered-again': { role: 'string', have: 'number', want: 'number', seconds: 'number' },
  stalled: { step: 'string', reason: 'string' },
  'answers-again': { step: 'string', seconds: 'number' },
  warning: { reason: 'string' },
  'bench-point': {
    step: 'string',
    name: 'string',
    state: 'string',
    index: 'number',
    of: 'number',
    concurrency: 'number',
  },
  draining: { reason: 'string' },
  teardown: { reason: 'string' },
  requeued: { reason: 'string', seconds: 'number' },
  verdict: { outcome: 'string', reason: 'string', seconds: 'number' },
};

const OUTCOMES: readonly Outcome[] = ['succeeded', 'failed', 'deadline', 'cancelled', 'timeout'];

/** Reads a line of events.jsonl. Never throws: what it does not know is `other`, what is no object is `unreadable`. */
export function parseEventLine(line: string): ObservedEvent {
  const fields = parseObject(line);
  if (fields === undefined) return { time: '', kind: 'unreadable', line: plainText(line).slice(0, 200) };
  const time = typeof fields.time === 'string' ? fields.time : '';
  const name = typeof fields.kind === 'string' ? fields.kind : '';
  return isKnown(name, fields) ? (fields as unknown as ObservedEvent) : { time, kind: 'other', name, fields };
}

function isKnown(kind: string, fields: Readonly<Record<string, unknown>>): boolean {
  const required = Object.hasOwn(FIELDS, kind) ? FIELDS[kind as EventKind] : undefined;
  if (required === undefined || typeof fields.time !== 'string') return false;
  if (kind === 'verdict' && !OUTCOMES.includes(fields.outcome as Outcome)) return false;
  return Object.entries(required).every(([name, type]) =>
    type === 'list' ? Array.isArray(fields[name]) : typeof fields[name] === type,
  );
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
