import type { Role } from '../config/schema.ts';
import type { JobPhase } from '../scheduler/job-state.ts';
import type { LogEvent } from './log-event.ts';
import type { ServiceEvent } from './service-event.ts';
import type { SessionEventBody } from './session-event.ts';

/** One line of `events.jsonl`: the one contract between the job and every observer. `time` is UTC, RFC 3339, milliseconds. */
export type RunEvent = { readonly time: string } & RunEventBody;

/**
 * How a run ended. `failed` names the first cause; `deadline`: it was not ready in time; `timeout`: it served until
 * Slurm's time limit. `unknown` never comes from the job: it left no verdict, and Slurm does not say how it ended.
 */
export type Outcome = 'succeeded' | 'failed' | 'deadline' | 'cancelled' | 'timeout' | 'unknown';

/** Why a process ended, as the step's own script saw it: exactly one of `exit` and `signal`. */
export interface ProcessEnd {
  readonly step: string;
  readonly role?: Role;
  readonly node: string;
  readonly rank: number;
  readonly exit?: number;
  /** Name without SIG: `KILL`. */
  readonly signal?: string;
  /** Last error line of its log, else its last line; control characters removed. */
  readonly line?: string;
}

/** Something that one or several nodes say of themselves before the job starts anything on them. */
export interface NodeFinding {
  /** Without the nodes' names: `cannot read the model, /models/m`. */
  readonly text: string;
  readonly nodes: readonly string[];
}

/**
 * Of a registry's image on its way into the cache. `reimported`: the one that was there is damaged, and moved aside;
 * `left-out`: a rehearsal runs no containers.
 */
type ImageState = 'waiting' | 'importing' | 'found' | 'imported' | 'reimported' | 'left-out';

export type RunEventBody =
  | SessionEventBody
  | { readonly kind: 'job-started'; readonly job: string; readonly attempt: number; readonly nodes: number }
  | {
      readonly kind: 'preflight';
      /** With any of these the job ends. */
      readonly problems: readonly NodeFinding[];
      readonly warnings: readonly NodeFinding[];
      /** Nodes whose own fault it is; absent where all nodes of the job would be. */
      readonly blamed?: readonly { readonly node: string; readonly reason: string }[];
      readonly seconds: number;
    }
  | {
      readonly kind: 'nodes-bound';
      readonly nodes: readonly { readonly index: number; readonly host: string; readonly ip: string }[];
    }
  /** Where something else had a port; `from`, as planned, and `to` are ports or ranges. */
  | { readonly kind: 'port-moved'; readonly from: string; readonly to: string; readonly reason: string }
  | {
      readonly kind: 'image';
      readonly state: ImageState;
      /** In the image cache. */
      readonly file: string;
      /** The image's source, who else imports it, or what was wrong with the one that was there. */
      readonly reason: string;
      /** Since the step `image` began. */
      readonly seconds: number;
    }
  | {
      readonly kind: 'step-started';
      readonly step: string;
      readonly role?: Role;
      readonly nodes: readonly string[];
    }
  | { readonly kind: 'service-ready'; readonly step: string; readonly seconds: number }
  | { readonly kind: 'workers-registered'; readonly role: Role; readonly have: number; readonly want: number }
  | { readonly kind: 'waiting'; readonly reason: string }
  | {
      readonly kind: 'ready';
      readonly url: string;
      readonly model: string;
      readonly seconds: number;
      /** Where mock engines serve in place of real ones: their figures say nothing about GPUs. */
      readonly engines?: 'mock';
    }
  | ({ readonly kind: 'process-ended'; readonly reason: string } & ProcessEnd)
  /** A worker ended, and is started again `delay` seconds after the last of it is gone. */
  | ({
      readonly kind: 'worker-restarting';
      readonly reason: string;
      /** 1 the first time. */
      readonly restart: number;
      readonly of: number;
      readonly delay: number;
    } & Partial<ProcessEnd> & { readonly step: string; readonly role: Role })
  /** A worker that was started again is registered, and the service answers. */
  | {
      readonly kind: 'recovered';
      readonly step: string;
      readonly role: Role;
      readonly restart: number;
      readonly seconds: number;
    }
  /** A worker ended for good, and the service goes on without it. */
  | ({
      readonly kind: 'degraded';
      readonly reason: string;
      readonly have: number;
      readonly want: number;
      /** The steps of all workers of the role that are lost. */
      readonly missing: readonly string[];
    } & Partial<ProcessEnd> & { readonly step: string; readonly role: Role })
  /** Once the service was ready: workers whose processes live are not registered in etcd any more. */
  | {
      readonly kind: 'unregistered';
      readonly role: Role;
      readonly have: number;
      readonly want: number;
      /** Their steps; empty where only their number is known. */
      readonly missing: readonly string[];
      readonly reason: string;
    }
  | {
      readonly kind: 'registered-again';
      readonly role: Role;
      readonly have: number;
      readonly want: number;
      /** That registrations were missing. */
      readonly seconds: number;
    }
  /** A service that runs does not answer. */
  | { readonly kind: 'stalled'; readonly step: string; readonly reason: string }
  | { readonly kind: 'answers-again'; readonly step: string; readonly seconds: number }
  | { readonly kind: 'warning'; readonly reason: string; readonly step?: string; readonly node?: string }
  /** A benchmark has begun a measurement, or ended it; `late`: ended at its own time limit, `skipped`: made before. */
  | {
      readonly kind: 'bench-point';
      readonly step: string;
      /** The benchmark's folder in `results/`. */
      readonly name: string;
      readonly state: 'begun' | 'ended' | 'late' | 'skipped';
      /** From 1 on. */
      readonly index: number;
      readonly of: number;
      readonly concurrency: number;
      readonly exit?: number;
      readonly seconds?: number;
    }
  | { readonly kind: 'draining'; readonly reason: string }
  | { readonly kind: 'teardown'; readonly reason: string; readonly outcome?: Outcome }
  /** In place of a verdict: Slurm has put the job back into the queue, and its next attempt starts from nothing. */
  | { readonly kind: 'requeued'; readonly reason: string; readonly seconds: number }
  | ({
      readonly kind: 'verdict';
      readonly outcome: Outcome;
      readonly reason: string;
      readonly seconds: number;
      /** Absent in the first. */
      readonly attempt?: number;
      /** The job left no verdict; this one is drawn from what Slurm says. */
      readonly inferred?: true;
    } & Partial<ProcessEnd>);

export type EventKind = RunEventBody['kind'];

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
