/** Why Slurm keeps a job waiting, for people. */
export interface PendingReason {
  readonly text: string;
  /** What to do, where anything helps. */
  readonly next?: string;
}

const HELD = 'release it with `scontrol release JOB`';
const LESS = 'ask for less, or cancel and submit with another partition or QOS';
const NEVER = `it will never start: ${LESS}`;
const ENDS = `it starts when your other jobs end, or ${LESS}`;
const ADMINS = 'ask the administrators';

/**
 * Slurm's words, whole or by their beginning; the first match counts. All that Slurm 20.11 to 26.05 can say of a waiting
 * job: https://slurm.schedmd.com/job_reason_codes.html and src/common/job_state_reason.c.
 */
const REASONS: readonly (readonly [said: RegExp, text: string, next?: string])[] = [
  [/^Resources/, 'first in line, until enough nodes are free'],
  [/^Priority/, 'other jobs go first', '`squeue --start --jobs=JOB` shows when Slurm expects it to start'],
  [
    /^DependencyNeverSatisfied/,
    'the job that it depends on did not end as it had to',
    'it will never start: cancel it',
  ],
  [/^Dependency/, 'it waits for the job that it depends on'],
  [/^BeginTime/, 'its time to begin has not come; a requeued job waits two minutes'],
  [/^JobHeldUser/, 'you hold it', HELD],
  [/^JobHeldAdmin/, 'an administrator holds it', ADMINS],
  [/^JobHoldMaxRequeue/, 'it was requeued too often', HELD],
  [
    /^Reservation(Deleted|Invalid)/,
    'its reservation is gone or not valid for it',
    'it will never start: cancel it and change slurm.reservation',
  ],
  [/^Reservation/, 'its reservation has not begun or has no free nodes', '`scontrol show reservation`'],
  [
    /^(ReqNodeNotAvail|Nodes required for job are DOWN)/i,
    'nodes that it asks for are down, drained or reserved',
    '`sinfo -R` says why',
  ],
  [/^PartitionTimeLimit/, 'slurm.time is over the partition’s limit', NEVER],
  [/^PartitionNodeLimit/, 'it asks for more nodes than the partition may give', NEVER],
  [/^PartitionConfig/, 'it asks for what the partition does not allow', NEVER],
  [/^PartitionDown/, 'the partition is closed', '`sinfo -s`, or submit to another partition'],
  [/^PartitionInactive/, 'the partition is inactive', '`sinfo -s`, or submit to another partition'],
  [/^AccountNotAllowed/, 'the account may not use this partition', NEVER],
  [/^InvalidAccount/, 'the account is not valid', 'it will never start: cancel it and set slurm.account'],
  [/^InvalidQOS/, 'the QOS is not valid', 'it will never start: cancel it and set slurm.qos'],
  [/^QOSNotAllowed/, 'the QOS may not use this partition', 'it will never start: use another QOS'],
  [/^(BadConstraints|Constraints)/, 'no nodes can ever meet what it asks for', NEVER],
  [/^MaxMemPerLimit/, 'it asks for more memory than a node may give', NEVER],
  [/^Licenses/, 'it waits for licenses', '`scontrol show licenses`'],
  [/^JobArrayTaskLimit/, 'too many tasks of its array run already'],
  [
    /^(JobLaunchFailure|SystemFailure)/,
    'its nodes could not start it',
    'read slurmd’s log, or ask the administrators',
  ],
  [/^launch failed requeued held/, 'its nodes could not start it', HELD],
  [/^job requeued in (held|special exit) state/, 'it was requeued and is held', HELD],
  [/^QOSMin/, 'it asks for less than its QOS requires', 'it will never start: use another QOS'],
  [/^QOSUsageThreshold/, 'the usage of your QOS is too high for now', 'it starts as the usage decays'],
  [/^QOSMax\w+Per(Job|Node)/, 'it asks for more than its QOS allows for one job', NEVER],
  [/^QOSMax/, 'you are at a limit of your QOS', ENDS],
  [
    /^QOS/,
    'the jobs of your QOS are at a limit',
    'it starts when others of the QOS end; `sacctmgr show qos`',
  ],
  [
    /^AssocMax(?!Jobs|Submit)/,
    'it asks for more than your account allows for one job',
    `${NEVER}; \`sacctmgr show assoc user=$USER\``,
  ],
  [
    /^Assoc/,
    'your account or user is at a limit',
    'it starts when other jobs of the account end; `sshare -U`',
  ],
  [/^MaxGRESPerAccount/, 'your account is at its limit of GPUs', ENDS],
  [/^Max\w+PerAccount/, 'your account is at a limit', ENDS],
  [/^(Max|AccountingPolicy)/, 'a limit on your account or QOS holds it', ENDS],
  [/^(NodeDown|FrontEndDown)/, 'a node that it needs is down', '`sinfo -R` says why'],
  [/^BurstBuffer(Resources|StageIn)/, 'its burst buffer is not ready'],
  [/^BurstBufferOperation/, 'its burst buffer failed', 'see `scontrol show job JOB`, then cancel it'],
  [/^Power/, 'the cluster’s power is at its limit'],
  [/^(Cleaning|WaitingForScheduling|SchedDefer|FedJobLock)/i, 'Slurm has not looked at it yet'],
  [/^Prolog/, 'its nodes are being prepared'],
];

/** Explains a reason of squeue’s; undefined for one that is not known, which then speaks for itself. */
export function explainPending(reason: string, job: string): PendingReason | undefined {
  const bare = reason.replace(/^\(|\)$/g, '');
  const found = REASONS.find(([said]) => said.test(bare));
  if (found === undefined) return undefined;
  const [, text, next] = found;
  return next === undefined ? { text } : { text, next: next.replaceAll('JOB', job) };
}
