import { z } from 'zod';
import type { Role } from '../config/schema/role.ts';
import { plainText } from '../host/plain-text.ts';
import type { JobPhase } from '../scheduler/job-state.ts';
import { fields, isObject, list, parseJson, read, seconds, text, time, whole, word } from './lenient.ts';
import type { LogEvent } from './log-event.ts';
import type { ServiceEvent } from './service-event.ts';

const OUTCOMES = ['succeeded', 'failed', 'deadline', 'cancelled', 'timeout'] as const;

/**
 * How a run ended. `failed` names the first cause; `deadline`: it was not ready in time; `timeout`: it served until
 * Slurm's time limit. `unknown` never comes from the job: it left no verdict, and Slurm does not say how it ended.
 */
export type Outcome = (typeof OUTCOMES)[number] | 'unknown';

/** Fields that several kinds of events have. */
export const COMMON = {
  step: text.describe('The step.'),
  role: word<Role>().describe('Of a worker.'),
  reason: text.describe('Why, or what, in words.'),
  have: whole.describe('Workers that are registered.'),
  want: whole.describe('Workers that there should be.'),
  node: text.describe('Host of the process that ended.'),
  rank: whole.describe('Its rank in the step.'),
  exit: whole.describe('Its exit code; absent where a signal ended it.'),
  signal: text.describe('The signal that ended it, without SIG.'),
  line: text.describe('The last error line of its log, else its last line, without control characters.'),
};
const { step, role, reason, have, want, ...process } = COMMON;

const FINDING = {
  text: text.describe(
    'What the nodes say of themselves, without their names: `cannot read the model, /models/m`.',
  ),
  nodes: list(text).describe('Their hostnames.'),
};
const findings = list(fields(FINDING));
export type NodeFinding = z.output<typeof findings>[number];

/** The process whose end an event tells of, as the step's own script saw it, as far as it is known. */
const END = { step, role, ...process };
export type ProcessEnd = { readonly [Name in keyof typeof END]?: z.output<(typeof END)[Name]> };

/** When an event of a kind is written, what it always has, and what it may have. */
const event = <Needed extends Parameters<typeof fields>[0], Optional extends Parameters<typeof fields>[0]>(
  when: string,
  needed: Needed,
  optional?: Optional,
) => fields(needed, optional).describe(when);

/**
 * The kinds of lines in `events.jsonl`, the one contract between the job and every observer: their types, their parser and
 * their reference, docs/events.md.
 */
export const EVENTS = {
  'job-started': event('The batch script has begun.', {
    job: text.describe('Slurm’s number of the job.'),
    attempt: whole.describe('0; after a requeue, how many attempts were before.'),
    nodes: whole.describe('How many nodes the job has.'),
  }),
  preflight: event(
    'All nodes have said whether they are fit. With any problem the job ends.',
    { problems: findings, warnings: findings, seconds },
    {
      blamed: list(fields({ node: text, reason: text })).describe(
        'Nodes that have the fault themselves; absent where all nodes of the job have it.',
      ),
    },
  ),
  'nodes-bound': event('The plan’s nodes have hosts.', {
    nodes: list(
      fields({ index: whole.describe('In the plan.'), host: text, ip: text.describe('IPv4 address.') }),
    ),
  }),
  'port-moved': event('Something else has a port of the plan on a shared node, and the job takes others.', {
    from: text.describe('Ports and ranges, as planned, separated by commas.'),
    to: text.describe('The ports and ranges in their place, in the same order.'),
    reason,
  }),
  image: event('A registry’s image is on its way into the cache.', {
    state: word('waiting', 'importing', 'found', 'imported', 'reimported', 'left-out').describe(
      '`reimported`: the one that was there is damaged, and moved aside; `left-out`: a rehearsal runs no containers.',
    ),
    file: text.describe('In the cache.'),
    reason: text.describe('Its source, who else imports it, or what was wrong with the one that was there.'),
    seconds: seconds.describe('Since the step `image` began.'),
  }),
  'step-started': event(
    'A step may go on: its command is started.',
    { step, nodes: list(text).describe('Its hosts.') },
    { role },
  ),
  'service-ready': event('Infrastructure or a frontend answers, or the container is unpacked.', {
    step,
    seconds: seconds.describe('Since the job began.'),
  }),
  'workers-registered': event('The number of a role’s workers in etcd has changed, before `ready`.', {
    role,
    have,
    want,
  }),
  waiting: event('What the service lacks before it is ready has changed.', { reason }),
  ready: event(
    'All workers are registered, and a completion has tokens.',
    { url: text, model: text.describe('Served name.'), seconds: seconds.describe('Since the job began.') },
    { engines: word('mock').describe('`mock`: figures say nothing about GPUs.') },
  ),
  'process-ended': event('A process has ended, and with it the job.', { reason, step }, END),
  'worker-restarting': event(
    'A worker has ended, and is going to be started again.',
    {
      reason,
      step,
      role,
      restart: whole.describe('Which restart it is, from 1 on.'),
      of: whole.describe('How many it may have.'),
      delay: seconds.describe('After the last of it is gone.'),
    },
    END,
  ),
  recovered: event('A worker that was started again is registered, and the service answers.', {
    step,
    role,
    restart: whole,
    seconds: seconds.describe('Since it was lost.'),
  }),
  degraded: event(
    'A worker has ended for good, and the service goes on without it.',
    { reason, step, role, have, want, missing: list(text).describe('Steps of all that the role has lost.') },
    END,
  ),
  unregistered: event('Of a service that was ready, workers that run are not registered in etcd any more.', {
    role,
    have,
    want,
    missing: list(text).describe('Their steps; empty where only their number is known.'),
    reason,
  }),
  'registered-again': event('They are registered again.', {
    role,
    have,
    want,
    seconds: seconds.describe('For which they were not.'),
  }),
  stalled: event('A service that runs does not answer.', { step, reason }),
  'answers-again': event('It answers again.', { step, seconds: seconds.describe('For which it did not.') }),
  warning: event('Something is wrong that does not end the job.', { reason }, { step, node: text }),
  'bench-point': event(
    'A benchmark has begun a measurement, or ended it.',
    {
      step,
      name: text.describe('The benchmark’s folder in `results/`.'),
      state: word('begun', 'ended', 'late', 'skipped').describe(
        '`late`: ended at its own time limit; `skipped`: made before.',
      ),
      index: whole.describe('From 1 on.'),
      of: whole,
      concurrency: whole,
    },
    { exit: whole, seconds },
  ),
  draining: event('New requests are refused, for the time limit is near, or a command said so.', { reason }),
  teardown: event(
    'The steps are told to end.',
    { reason },
    { outcome: word<Outcome>().describe('How the verdict is going to be.') },
  ),
  requeued: event(
    'In place of a verdict: Slurm has put the job back into the queue, and its next attempt starts from nothing.',
    { reason, seconds },
  ),
  verdict: event(
    'The last event: how the job ended.',
    {
      outcome: z
        .enum(OUTCOMES)
        .describe(
          '`deadline`: not ready in time; `timeout`: it served until Slurm’s time limit.',
        ) as z.ZodType<Outcome>,
      reason,
      seconds: seconds.describe('Since the job began.'),
    },
    {
      ...END,
      attempt: whole.describe('Absent in the first.'),
      inferred: z
        .literal(true)
        .describe('Never in the file: the job left no verdict, and this one is drawn from what Slurm says.'),
    },
  ),

  // What only the supervisor of an interactive session tells.

  'session-open': event('Infrastructure and frontends answer, and commands are taken from here on.', {
    seconds,
  }),
  'session-resumed': event('A supervisor has taken over from one that is gone.', {
    adopted: list(text).describe('The steps that it found running.'),
  }),
  command: event('A command has been taken; others wait until its `answer`.', {
    command: text.describe('Its id.'),
    verb: text,
    steps: list(text),
    from: text.describe('User, host and process.'),
  }),
  answer: event('A command has been obeyed, or refused.', {
    command: text.describe('Its id.'),
    outcome: word('done', 'refused'),
    reason,
  }),
  'step-changed': event('From now on the step runs another command.', {
    step,
    change: text.describe('Id of its folder in `commands/changes`; `none`: the config’s command again.'),
  }),
  'step-stopped': event('A step was told to end by a command, and has.', { step }, { role }),
  'step-ended': event('A step has ended by itself; the session goes on.', { step, reason }, END),
  'step-serving': event(
    'A worker or a frontend answers.',
    { step, seconds: seconds.describe('Since it was started.') },
    { role },
  ),
};

export type EventKind = keyof typeof EVENTS;

export type RunEventBody = {
  readonly [Kind in EventKind]: { readonly kind: Kind } & z.output<(typeof EVENTS)[Kind]>;
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
  const at = read(time, value.time);
  const name = read(text, value.kind) ?? '';
  const known =
    at !== undefined &&
    Object.hasOwn(EVENTS, name) &&
    read(EVENTS[name as EventKind] as z.ZodType<object>, value);
  if (!known) return { time: at ?? '', kind: 'other', name, fields: value };
  // In the order of the line, for those who print it again.
  const ordered: Record<string, unknown> = {};
  for (const field in value) if (field in known) ordered[field] = (known as Record<string, unknown>)[field];
  return ordered as unknown as ObservedEvent;
}
