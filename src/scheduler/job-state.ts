/** Where a job is in its life. `unknown`: a state that this release does not know. `gone`: nobody knows the job. */
export type JobPhase =
  | 'pending'
  | 'starting'
  | 'running'
  | 'suspended'
  | 'ending'
  | 'ended'
  | 'unknown'
  | 'gone';

/** How Slurm says that a job ended. */
type JobEnd = 'completed' | 'failed' | 'cancelled' | 'timeout';

export interface JobState {
  /** Slurm's word, or `UNKNOWN`. */
  readonly word: string;
  readonly phase: JobPhase;
  /** Where `phase` is `ended`. */
  readonly end?: JobEnd;
}

type Facts = Omit<JobState, 'word'>;

const ended = (end: JobEnd): Facts => ({ phase: 'ended', end });
const pending: Facts = { phase: 'pending' };
const starting: Facts = { phase: 'starting' };
const running: Facts = { phase: 'running' };
const suspended: Facts = { phase: 'suspended' };
const ending: Facts = { phase: 'ending' };

/** https://slurm.schedmd.com/job_state_codes.html, states and flags; flags mostly stand alone in text. */
const STATES = new Map<string, Facts>([
  ['PENDING', pending],
  ['REQUEUED', pending],
  ['REQUEUE_FED', pending],
  ['REQUEUE_HOLD', pending],
  ['RESV_DEL_HOLD', pending],
  ['SPECIAL_EXIT', pending],
  ['EXPEDITING', pending],
  ['CONFIGURING', starting],
  ['POWER_UP_NODE', starting],
  ['RUNNING', running],
  ['RESIZING', running],
  ['SIGNALING', running],
  ['SUSPENDED', suspended],
  ['STOPPED', suspended],
  ['COMPLETING', ending],
  ['STAGE_OUT', ending],
  ['UPDATE_DB', ending],
  ['COMPLETED', ended('completed')],
  ['CANCELLED', ended('cancelled')],
  ['PREEMPTED', ended('cancelled')],
  ['REVOKED', ended('cancelled')],
  ['TIMEOUT', ended('timeout')],
  ['DEADLINE', ended('timeout')],
  ['FAILED', ended('failed')],
  ['BOOT_FAIL', ended('failed')],
  ['LAUNCH_FAILED', ended('failed')],
  ['NODE_FAIL', ended('failed')],
  ['OUT_OF_MEMORY', ended('failed')],
  ['RECONFIG_FAIL', ended('failed')],
]);

/**
 * Reads a state as squeue and sacct print it. More may follow the word: `CANCELLED by 1000`, `CANCELLED+`, or since 23.02
 * flags, `COMPLETED,COMPLETING` or as JSON `["COMPLETED","COMPLETING"]`; then the last one known says where the job is.
 */
export function readState(text: string): JobState {
  const words = text.replace(/ by .*/s, '').match(/[A-Z][A-Z_]+/g) ?? [];
  const word = words.findLast((each) => STATES.has(each));
  const facts = word === undefined ? undefined : STATES.get(word);
  return word !== undefined && facts ? { word, ...facts } : { word: 'UNKNOWN', phase: 'unknown' };
}
