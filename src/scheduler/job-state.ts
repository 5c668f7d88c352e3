/** A job's state. `unknown`: a state that this release does not know. `gone`: Slurm no longer knows the job. */
export type JobPhase =
  | 'pending'
  | 'starting'
  | 'running'
  | 'suspended'
  | 'ending'
  | 'ended'
  | 'unknown'
  | 'gone';

export interface JobState {
  /** Slurm's word, or `UNKNOWN`. */
  readonly word: string;
  readonly phase: JobPhase;
  /** How it ended, where `phase` is `ended`. */
  readonly end?: 'completed' | 'failed' | 'cancelled' | 'timeout';
}

type Facts = Omit<JobState, 'word'>;

/** https://slurm.schedmd.com/job_state_codes.html, states and flags; flags mostly stand alone in text. */
const STATES = new Map<string, Facts>([
  ...words({ phase: 'pending' }, 'PENDING', 'REQUEUED', 'REQUEUE_FED', 'REQUEUE_HOLD', 'RESV_DEL_HOLD'),
  ...words({ phase: 'pending' }, 'SPECIAL_EXIT', 'EXPEDITING'),
  ...words({ phase: 'starting' }, 'CONFIGURING', 'POWER_UP_NODE'),
  ...words({ phase: 'running' }, 'RUNNING', 'RESIZING', 'SIGNALING'),
  ...words({ phase: 'suspended' }, 'SUSPENDED', 'STOPPED'),
  ...words({ phase: 'ending' }, 'COMPLETING', 'STAGE_OUT', 'UPDATE_DB'),
  ...words({ phase: 'ended', end: 'completed' }, 'COMPLETED'),
  ...words({ phase: 'ended', end: 'cancelled' }, 'CANCELLED', 'PREEMPTED', 'REVOKED'),
  ...words({ phase: 'ended', end: 'timeout' }, 'TIMEOUT', 'DEADLINE'),
  ...words({ phase: 'ended', end: 'failed' }, 'FAILED', 'BOOT_FAIL', 'LAUNCH_FAILED', 'NODE_FAIL'),
  ...words({ phase: 'ended', end: 'failed' }, 'OUT_OF_MEMORY', 'RECONFIG_FAIL'),
]);

function words(facts: Facts, ...names: readonly string[]): readonly (readonly [string, Facts])[] {
  return names.map((name) => [name, facts]);
}

/**
 * Reads a state as squeue and sacct print it. More may follow the word: `CANCELLED by 1000`, `CANCELLED+`, or since 23.02
 * flags, `COMPLETED,COMPLETING` or as JSON `["COMPLETED","COMPLETING"]`; then the last one known says where the job is.
 */
export function readState(text: string): JobState {
  const printed = text.replace(/ by .*/s, '').match(/[A-Z][A-Z_]+/g) ?? [];
  const word = printed.findLast((each) => STATES.has(each));
  const facts = word === undefined ? undefined : STATES.get(word);
  return word !== undefined && facts ? { word, ...facts } : { word: 'UNKNOWN', phase: 'unknown' };
}
