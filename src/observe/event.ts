import type { Role } from '../config/schema.ts';

/** One line of `events.jsonl`: the one contract between the job and every observer. `time` is UTC, RFC 3339, milliseconds. */
export type RunEvent = { readonly time: string } & RunEventBody;

/**
 * How a run ended. `failed` names the first cause; `deadline`: it was not ready in time; `timeout`: it served until
 * Slurm's time limit.
 */
export type Outcome = 'succeeded' | 'failed' | 'deadline' | 'cancelled' | 'timeout';

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

export type RunEventBody =
  | { readonly kind: 'job-started'; readonly job: string; readonly attempt: number; readonly nodes: number }
  | {
      readonly kind: 'nodes-bound';
      readonly nodes: readonly { readonly index: number; readonly host: string; readonly ip: string }[];
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
  | { readonly kind: 'ready'; readonly url: string; readonly model: string; readonly seconds: number }
  | ({ readonly kind: 'process-ended'; readonly reason: string } & ProcessEnd)
  | { readonly kind: 'draining'; readonly reason: string }
  | { readonly kind: 'teardown'; readonly reason: string }
  | ({
      readonly kind: 'verdict';
      readonly outcome: Outcome;
      readonly reason: string;
      readonly seconds: number;
    } & Partial<ProcessEnd>);

export type EventKind = RunEventBody['kind'];
