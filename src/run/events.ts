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
  step: text.describe('Name of the step.'),
  role: word<Role>().describe('Role of the worker.'),
  reason: text.describe('Cause or content, as a sentence without a final period.'),
  have: whole.describe('Number of registered workers.'),
  want: whole.describe('Number of workers that should be registered.'),
  node: text.describe('Hostname of the process that ended.'),
  rank: whole.describe('Rank of the process in the step.'),
  exit: whole.describe('Exit code of the process; absent if a signal ended it.'),
  signal: text.describe('Signal that ended the process, without SIG.'),
  line: text.describe('Last error line of its log, else the last line, without control characters.'),
};
const { step, role, reason, have, want, ...process } = COMMON;
const { node } = COMMON;

const FINDING = {
  text: text.describe(
    'Finding that several nodes share, without their names: `cannot read the model, /models/m`.',
  ),
  nodes: list(text).describe('Hostnames of the nodes.'),
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
  'job-started': event('The batch script has started.', {
    job: text.describe('Slurm job id.'),
    attempt: whole.describe('Number of earlier attempts; more than 0 after a requeue.'),
    nodes: whole.describe('Number of nodes of the job.'),
  }),
  preflight: event(
    'Preflight of all nodes has finished. With any problem, the job ends.',
    { problems: findings, warnings: findings, seconds },
    {
      blamed: list(fields({ node: text, reason: text })).describe(
        'Nodes with a fault of their own; absent if all nodes of the job have the same fault.',
      ),
    },
  ),
  'nodes-bound': event('Every node of the plan is bound to a host.', {
    nodes: list(
      fields({ index: whole.describe('Index in the plan.'), host: text, ip: text.describe('IPv4 address.') }),
    ),
  }),
  'port-moved': event('Another program uses a planned port on a shared node, so the job uses others.', {
    from: text.describe('Planned ports and ranges, separated by commas.'),
    to: text.describe('Ports and ranges used instead, in the same order.'),
    reason,
  }),
  image: event('The import of a registry image into the image cache has changed state.', {
    state: word('waiting', 'importing', 'found', 'imported', 'reimported', 'left-out').describe(
      '`reimported`: the cached image was damaged and has been moved aside; `left-out`: a rehearsal runs no containers.',
    ),
    file: text.describe('Path in the image cache.'),
    reason: text.describe(
      'Source of the image, which other job imports it, or how the cached image was damaged.',
    ),
    seconds: seconds.describe('Seconds since the step `image` started.'),
  }),
  install: event('The installation of Dynamo has changed state; see `dynamo.install`.', {
    state: word(
      'waiting',
      'fetching',
      'building',
      'kept',
      'without',
      'fetched',
      'found',
      'failed',
      'left-out',
    ).describe(
      '`waiting`: another job fetches the same; `kept`: a package of the image stays, where Dynamo asks for another release; `without`: a package that Dynamo asks for cannot be had; `found`: an earlier job has fetched it; `left-out`: a rehearsal uses its own.',
    ),
    reason: text.describe('What is fetched, from where or why, or who fetches it.'),
    seconds: seconds.describe('Seconds since the step `install` started.'),
  }),
  'step-started': event(
    'The command of a step has been started.',
    { step, nodes: list(text).describe('Hostnames of the step.') },
    { role },
  ),
  'service-ready': event('Infrastructure or a frontend answers, or the container has been unpacked.', {
    step,
    seconds: seconds.describe('Seconds since the job started.'),
  }),
  'workers-registered': event('Before `ready`: the number of registered workers of a role has changed.', {
    role,
    have,
    want,
  }),
  waiting: event('Before `ready`: what the job waits for has changed.', { reason }),
  ready: event(
    'All workers are registered, and a sample request, such as a completion, has a result.',
    {
      url: text,
      model: text.describe('Served model name.'),
      seconds: seconds.describe('Seconds since the job started.'),
    },
    {
      engines: word('mock').describe('`mock`: a rehearsal, whose measurements say nothing about GPUs.'),
      surface: word('embeddings', 'rerank', 'classify', 'media').describe(
        'What clients ask it for; absent where that is chats and completions.',
      ),
    },
  ),
  'process-ended': event('A process has ended, which ends the job.', { reason, step }, END),
  'worker-restarting': event(
    'A worker has ended and will be restarted.',
    {
      reason,
      step,
      role,
      restart: whole.describe('Number of this restart, from 1.'),
      of: whole.describe('Maximum number of restarts.'),
      delay: seconds.describe('Delay in seconds, counted from the end of its last process.'),
    },
    END,
  ),
  recovered: event('A restarted worker is registered, and the service answers.', {
    step,
    role,
    restart: whole,
    seconds: seconds.describe('Seconds since the worker was lost.'),
  }),
  degraded: event(
    'A worker has ended and will not be restarted; the service continues without it.',
    {
      reason,
      step,
      role,
      have,
      want,
      missing: list(text).describe('Steps of all lost workers of the role.'),
    },
    END,
  ),
  unregistered: event('After `ready`: running workers are no longer registered in etcd.', {
    role,
    have,
    want,
    missing: list(text).describe('Steps of these workers; empty if only their number is known.'),
    reason,
  }),
  'registered-again': event('The workers of the role are registered again.', {
    role,
    have,
    want,
    seconds: seconds.describe('Seconds for which they were not registered.'),
  }),
  stalled: event('A running service does not answer.', { step, reason }),
  'answers-again': event('A stalled service answers again.', {
    step,
    seconds: seconds.describe('Seconds for which it did not answer.'),
  }),
  hung: event(
    'A worker has had work, and has shown no progress for `health.hang`. What follows is as for a worker that has ended; in a session nothing does.',
    {
      step,
      role,
      node,
      reason,
      seconds: seconds.describe('Seconds without progress.'),
      file: text.describe(
        "File with the stacks of all of the worker's processes, in the folder of the attempt.",
      ),
    },
    {
      requests: whole.describe('Number of requests in flight at the worker; absent if it does not answer.'),
      process: text.describe('Program or title of its most telling process.'),
      pid: whole.describe('Its number on the node.'),
      state: text.describe('Its state: `T (stopped)`, `sleeping`.'),
      stack: text.describe('Where it is: its innermost frames, or what the kernel says.'),
    },
  ),
  warning: event('A problem that does not end the job.', { reason }, { step, node: text }),
  'bench-point': event(
    'A benchmark has started or finished a measurement.',
    {
      step,
      name: text.describe('Folder of the benchmark in `results/`.'),
      state: word('begun', 'ended', 'late', 'skipped').describe(
        '`late`: stopped at its own time limit; `skipped`: already measured.',
      ),
      index: whole.describe('Number of the measurement, from 1.'),
      of: whole,
      concurrency: whole,
    },
    { exit: whole, seconds },
  ),
  draining: event('New requests are refused, because the time limit is near or a command requested it.', {
    reason,
  }),
  teardown: event(
    'The job has started to stop its steps.',
    { reason },
    { outcome: word<Outcome>().describe('Outcome that the verdict will have.') },
  ),
  requeued: event('Instead of a verdict: Slurm has requeued the job; its next attempt starts from scratch.', {
    reason,
    seconds,
  }),
  verdict: event(
    'The last event: how the job ended.',
    {
      outcome: z
        .enum(OUTCOMES)
        .describe(
          "`deadline`: not ready in time; `timeout`: served until Slurm's time limit.",
        ) as z.ZodType<Outcome>,
      reason,
      seconds: seconds.describe('Seconds since the job started.'),
    },
    {
      ...END,
      attempt: whole.describe('Number of earlier attempts; absent in the first attempt.'),
      inferred: z
        .literal(true)
        .describe(
          'Never in the file: the job wrote no verdict, and this one was inferred from the state in Slurm.',
        ),
    },
  ),

  // What only the supervisor of an interactive session tells.

  'session-open': event('Infrastructure and frontends answer; the session accepts commands from now on.', {
    seconds,
  }),
  'session-resumed': event('A new supervisor has replaced one that had ended.', {
    adopted: list(text).describe('Steps that were still running.'),
  }),
  command: event('A command has been accepted; others wait until its `answer`.', {
    command: text.describe('Id of the command.'),
    verb: text,
    steps: list(text),
    from: text.describe('User, host and process that sent the command.'),
  }),
  answer: event('A command has been carried out or refused.', {
    command: text.describe('Id of the command.'),
    outcome: word('done', 'refused'),
    reason,
  }),
  'step-changed': event('The step has been given a different command line.', {
    step,
    change: text.describe(
      "Id of the change's folder in `commands/changes`; `none`: the command of the config again.",
    ),
  }),
  'step-stopped': event('A step has ended because a command stopped it.', { step }, { role }),
  'step-ended': event('A step has ended by itself; the session continues.', { step, reason }, END),
  'step-serving': event(
    'A worker or a frontend answers after its start.',
    { step, seconds: seconds.describe('Seconds since its start.') },
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
