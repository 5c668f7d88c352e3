import type { SignatureClass } from '../causes/signature.ts';
import type { Role } from '../config/schema/role.ts';
import type { StartStage } from '../start-stages.ts';

/** Source of a log's line. */
interface InLog {
  /** RFC 3339: when the observer read the line. */
  readonly time: string;
  readonly step: string;
  readonly role?: Role;
  readonly node: string;
}

/** What the observer reads out of the workers' logs; never in events.jsonl. */
export type LogEvent = StageEvent | SignatureEvent | WorkerRatesEvent;

/** How far a worker's start has come; told when it changes, at most about once a second for each worker and stage. */
export interface StageEvent extends InLog {
  readonly kind: 'stage';
  readonly stage: StartStage;
  /** `stuck`: nothing of the stage has moved for `deadline` seconds; it is said once, until it moves again. */
  readonly state: 'going' | 'done' | 'stuck';
  /** The slowest rank of the node. */
  readonly done?: number;
  readonly total?: number;
  /** Since the stage began, as the observer saw it. */
  readonly seconds: number;
  /** Of a stage that compiles kernels: whether an earlier start has left some. */
  readonly kernels?: 'cached' | 'cold';
  /** Set for a stage that is stuck. */
  readonly deadline?: number;
  /** What to do about a stuck stage. */
  readonly advice?: string;
}

/** A line that is known to come before a worker's end; told once for each signature and worker. */
export interface SignatureEvent extends InLog {
  readonly kind: 'signature';
  /** Name of the signature: `cuda-out-of-memory`. */
  readonly name: string;
  readonly class: SignatureClass;
  readonly title: string;
  readonly line: string;
  /** What to do. */
  readonly advice: string;
  /** The upstream issue that tells of it. */
  readonly link?: string;
}

/** What one worker does, by its own log: all its nodes and DP ranks together. */
export interface WorkerRatesEvent {
  readonly time: string;
  readonly kind: 'worker-rates';
  readonly step: string;
  readonly role?: Role;
  /** Prompt tokens that were computed, cached ones left out. */
  readonly inputTokensPerSecond: number;
  readonly outputTokensPerSecond: number;
  readonly running: number;
  readonly queued: number;
  /** Used share of the KV cache of the fullest DP rank, 0 to 1. */
  readonly kvUsage?: number;
}
