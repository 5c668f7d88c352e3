import type { Role } from '../config/schema/role.ts';
import { plainText } from '../host/plain-text.ts';
import type { JobPhase } from '../scheduler/job-state.ts';
import {
  duration,
  fields,
  isObject,
  list,
  oneOf,
  parseJson,
  type Read,
  type Reader,
  text,
  time,
  whole,
} from './lenient.ts';
import type { LogEvent } from './log-event.ts';
import type { ServiceEvent } from './service-event.ts';

/**
 * How a run ended. `failed` names the first cause; `deadline`: it was not ready in time; `timeout`: it served until
 * Slurm's time limit. `unknown` never comes from the job: it left no verdict, and Slurm does not say how it ended.
 */
export type Outcome = 'succeeded' | 'failed' | 'deadline' | 'cancelled' | 'timeout' | 'unknown';

/** Words of a later release are taken as they are. */
const word = <Word extends string>() => text as Reader<Word>;
const role = word<Role>();

/** Something that one or several nodes say of themselves, without their names: `cannot read the model, /models/m`. */
const FINDING = { text, nodes: list(text) };
const findings = list(fields(FINDING));
export type NodeFinding = Read<typeof FINDING>;

/**
 * Why a process ended, as the step's own script saw it, as far as it is known: one of `exit` and `signal`, a name without
 * SIG. `line`: the last error line of its log, else its last line; control characters removed.
 */
const END = { step: text, role, node: text, rank: whole, exit: whole, signal: text, line: text };
export type ProcessEnd = Partial<Read<typeof END>>;

/** Where mock engines serve in place of real ones: their figures say nothing about GPUs. */
const engines = word<'mock'>();

const inferred: Reader<true> = (value) => value === true || undefined;

/**
 * The kinds of lines in `events.jsonl`, the one contract between the job and every observer: what makes an event of its kind,
 * then what it may have. What else a line holds is kept.
 */
const KINDS = {
  'job-started': fields({ job: text, attempt: whole, nodes: whole }),
  /** With any problem the job ends. `blamed`: nodes whose own fault it is; absent where all nodes of the job would be. */
  preflight: fields(
    { problems: findings, warnings: findings, seconds: duration },
    { blamed: list(fields({ node: text, reason: text })) },
  ),
  'nodes-bound': fields({ nodes: list(fields({ index: whole, host: text, ip: text })) }),
  /** Where something else had a port; `from`, as planned, and `to` are ports or ranges. */
  'port-moved': fields({ from: text, to: text, reason: text }),
  /**
   * Of a registry's image on its way into the cache, as `file`. `reimported`: the one that was there is damaged, and moved
   * aside; `left-out`: a rehearsal runs no containers. `reason`: its source, who else imports it, or what was wrong with the
   * one that was there. `seconds`: since the step `image` began.
   */
  image: fields({
    state: word<'waiting' | 'importing' | 'found' | 'imported' | 'reimported' | 'left-out'>(),
    file: text,
    reason: text,
    seconds: duration,
  }),
  'step-started': fields({ step: text, nodes: list(text) }, { role }),
  'service-ready': fields({ step: text, seconds: duration }),
  'workers-registered': fields({ role, have: whole, want: whole }),
  waiting: fields({ reason: text }),
  ready: fields({ url: text, model: text, seconds: duration }, { engines }),
  'process-ended': fields({ reason: text, step: text }, END),
  /** A worker ended, and is started again, the `restart`th time, `delay` seconds after the last of it is gone. */
  'worker-restarting': fields(
    { reason: text, step: text, role, restart: whole, of: whole, delay: duration },
    END,
  ),
  /** A worker that was started again is registered, and the service answers. */
  recovered: fields({ step: text, role, restart: whole, seconds: duration }),
  /** A worker ended for good, and the service goes on without it. `missing`: the steps of all that the role has lost. */
  degraded: fields({ reason: text, step: text, role, have: whole, want: whole, missing: list(text) }, END),
  /**
   * Once the service was ready: workers whose processes live are not registered in etcd any more. `missing`: their steps;
   * empty where only their number is known.
   */
  unregistered: fields({ role, have: whole, want: whole, missing: list(text), reason: text }),
  /** `seconds`: that registrations were missing. */
  'registered-again': fields({ role, have: whole, want: whole, seconds: duration }),
  /** A service that runs does not answer. */
  stalled: fields({ step: text, reason: text }),
  'answers-again': fields({ step: text, seconds: duration }),
  warning: fields({ reason: text }, { step: text, node: text }),
  /**
   * A benchmark has begun a measurement, or ended it; `late`: ended at its own time limit, `skipped`: made before. `name`: the
   * benchmark's folder in `results/`; `index`: from 1 on.
   */
  'bench-point': fields(
    {
      step: text,
      name: text,
      state: word<'begun' | 'ended' | 'late' | 'skipped'>(),
      index: whole,
      of: whole,
      concurrency: whole,
    },
    { exit: whole, seconds: duration },
  ),
  draining: fields({ reason: text }),
  teardown: fields({ reason: text }, { outcome: word<Outcome>() }),
  /** In place of a verdict: Slurm has put the job back into the queue, and its next attempt starts from nothing. */
  requeued: fields({ reason: text, seconds: duration }),
  /** `attempt`: absent in the first. `inferred`: the job left no verdict; this one is drawn from what Slurm says. */
  verdict: fields(
    {
      outcome: oneOf<Outcome>('succeeded', 'failed', 'deadline', 'cancelled', 'timeout'),
      reason: text,
      seconds: duration,
    },
    { ...END, attempt: whole, inferred },
  ),

  // What only the supervisor of an interactive session tells; see docs/allocate.md.

  /** Infrastructure and frontends answer, and commands are taken from here on. */
  'session-open': fields({ seconds: duration }),
  /** A supervisor has taken over from one that is gone, with the steps that it found running. */
  'session-resumed': fields({ adopted: list(text) }),
  /** A command has been taken, by its id; others wait until its `answer`. `from`: user, host and process. */
  command: fields({ command: text, verb: text, steps: list(text), from: text }),
  answer: fields({ command: text, outcome: word<'done' | 'refused'>(), reason: text }),
  /** From now on the step runs a changed command; `none`: the config's again. */
  'step-changed': fields({ step: text, change: text }),
  /** A step was told to end by a command, and has. */
  'step-stopped': fields({ step: text }, { role }),
  /** A step has ended by itself; the session goes on. */
  'step-ended': fields({ step: text, reason: text }, END),
  /** A worker or a frontend answers, `seconds` after it was started. */
  'step-serving': fields({ step: text, seconds: duration }, { role }),
};

export type EventKind = keyof typeof KINDS;

export type RunEventBody = {
  readonly [Kind in EventKind]: { readonly kind: Kind } & Read<typeof KINDS>[Kind];
}[EventKind];

/** One line of `events.jsonl`. `time` is UTC, RFC 3339, milliseconds. */
export type RunEvent = { readonly time: string } & RunEventBody;

/** An event of one kind. */
export type EventOf<Kind extends EventKind> = Extract<RunEvent, { readonly kind: Kind }>;

/** What Slurm says about the job, whenever that changes. Made by the observer; never in events.jsonl. */
export interface QueueEvent {
  readonly time: string;
  readonly kind: 'queue';
  /** Slurm's number. */
  readonly job: string;
  /** Slurm's word; `UNKNOWN` where Slurm cannot be asked or says something new, `GONE` where it forgot the job. */
  readonly state: string;
  readonly phase: JobPhase;
  /** Slurm's reason, or why Slurm cannot be asked; empty where there is none. */
  readonly reason: string;
  /** The reason in plain words, and what to do, where it is a known one. */
  readonly explanation?: string;
  readonly next?: string;
  readonly nodes: number;
  readonly nodeList: string;
  /** RFC 3339; of a waiting job when Slurm expects to start it. */
  readonly start?: string;
  /** RFC 3339, of a job that runs: when its time limit ends it. */
  readonly end?: string;
}

/** A line of events.jsonl of a kind, or with fields, that this release does not know. */
interface OtherEvent {
  readonly time: string;
  readonly kind: 'other';
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A line of events.jsonl that is no JSON object; reported for the first one only. */
interface UnreadableEvent {
  readonly time: string;
  readonly kind: 'unreadable';
  readonly line: string;
}

/** Everything that an observer of a run sees. */
export type ObservedEvent = RunEvent | QueueEvent | ServiceEvent | LogEvent | OtherEvent | UnreadableEvent;

/** Reads a line of events.jsonl. Never throws: what it does not know is `other`, what is no object is `unreadable`. */
export function parseEventLine(line: string): ObservedEvent {
  const value = parseJson(line);
  if (!isObject(value)) return { time: '', kind: 'unreadable', line: plainText(line).slice(0, 200) };
  const at = time(value.time);
  const name = text(value.kind) ?? '';
  const known = at !== undefined && Object.hasOwn(KINDS, name) && KINDS[name as EventKind](value);
  return known ? (known as ObservedEvent) : { time: at ?? '', kind: 'other', name, fields: value };
}
