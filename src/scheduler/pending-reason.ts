/** Why Slurm keeps a job waiting, for people. */
export interface PendingReason {
  readonly text: string;
  /** What to do, where anything helps. */
  readonly next?: string;
}

const HELD = 'release it with `scontrol release JOB`';
const LESS = 'ask for less, or cancel and submit with another partition or QOS';

/** Slurm's words, whole or by their beginning; the first match counts. https://slurm.schedmd.com/job_reason_codes.html */
const REASONS: readonly (readonly [begins: string, text: string, next?: string])[] = [
  ['Resources', 'first in line, until enough nodes are free'],
  ['Priority', 'other jobs go first', '`squeue --start --jobs=JOB` shows when Slurm expects it to start'],
  ['DependencyNeverSatisfied', 'it depends on a job that failed', 'it will never start: cancel it'],
  ['Dependency', 'it waits for the job that it depends on'],
  ['BeginTime', 'its time to begin has not come; a requeued job waits two minutes'],
  ['JobHeldUser', 'you hold it', HELD],
  ['JobHeldAdmin', 'an administrator holds it', 'ask the administrators'],
  ['JobHoldMaxRequeue', 'it was requeued too often', HELD],
  ['Reservation', 'its reservation has not begun or has no free nodes', '`scontrol show reservation`'],
  ['ReqNodeNotAvail', 'nodes that it asks for are down, drained or reserved', '`sinfo -R` says why'],
  [
    'Nodes required for job are DOWN',
    'nodes that it needs are down, drained or reserved',
    '`sinfo -R` says why',
  ],
  ['PartitionTimeLimit', 'slurm.time is over the partition’s limit', `it will never start: ${LESS}`],
  [
    'PartitionNodeLimit',
    'it asks for more nodes than the partition may give',
    `it will never start: ${LESS}`,
  ],
  ['PartitionDown', 'the partition is closed', '`sinfo -s`, or submit to another partition'],
  ['PartitionInactive', 'the partition is inactive', '`sinfo -s`, or submit to another partition'],
  ['AccountNotAllowed', 'the account may not use this partition', `it will never start: ${LESS}`],
  ['InvalidAccount', 'the account is not valid', 'it will never start: cancel it and set slurm.account'],
  ['InvalidQOS', 'the QOS is not valid', 'it will never start: cancel it and set slurm.qos'],
  ['BadConstraints', 'no nodes can ever meet what it asks for', `it will never start: ${LESS}`],
  ['Licenses', 'it waits for licenses', '`scontrol show licenses`'],
  ['JobArrayTaskLimit', 'too many tasks of its array run already'],
  ['JobLaunchFailure', 'its nodes could not start it', 'read slurmd’s log, or ask the administrators'],
  ['launch failed requeued held', 'its nodes could not start it', HELD],
  ['QOSMax', 'you are at a limit of your QOS', `it starts when your other jobs end, or ${LESS}`],
  ['QOSMin', 'it asks for less than its QOS requires', 'it will never start: use another QOS'],
  ['QOS', 'the jobs of your QOS are at a limit', 'it starts when others of the QOS end; `sacctmgr show qos`'],
  [
    'Assoc',
    'your account or user is at a limit',
    'it starts when other jobs of the account end; `sshare -U`',
  ],
  ['MaxGRESPerAccount', 'your account is at its limit of GPUs', `it starts when other jobs end, or ${LESS}`],
  ['Max', 'a limit on your account or QOS holds it', `it starts when your other jobs end, or ${LESS}`],
  ['NodeDown', 'a node that it needs is down', '`sinfo -R` says why'],
  ['Prolog', 'its nodes are being prepared'],
  ['WaitingForScheduling', 'Slurm has not looked at it yet'],
];

/** Explains a reason of squeue’s; undefined for one that is not known, which then speaks for itself. */
export function explainPending(reason: string, job: string): PendingReason | undefined {
  const bare = reason.replace(/^\(|\)$/g, '');
  const found = REASONS.find(([begins]) => bare.startsWith(begins));
  if (found === undefined) return undefined;
  const [, text, next] = found;
  return next === undefined ? { text } : { text, next: next.replaceAll('JOB', job) };
}
