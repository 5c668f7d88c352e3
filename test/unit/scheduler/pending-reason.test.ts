import { expect, test } from 'vitest';
import { explainPending } from '../../../src/scheduler/pending-reason.ts';
import { parseQueue } from '../../../src/scheduler/slurm-parse.ts';
import { RELEASES, recorded } from './recorded.ts';

test.each([
  [
    'Resources',
    {
      text: 'first in line, until enough nodes are free',
      next: 'wait: `squeue --start --jobs=4242` shows when Slurm expects it to start; fewer nodes or a shorter slurm.time start sooner',
    },
  ],
  ['JobHeldUser', { text: 'you hold it', next: 'release it with `scontrol release 4242`' }],
  [
    'DependencyNeverSatisfied',
    { text: 'the job that it depends on did not end as it had to', next: 'it will never start: cancel it' },
  ],
  [
    'QOSMaxGRESPerUser',
    {
      text: 'your user in the QOS is at a limit of GPUs or other GRES',
      next: 'it starts when your other jobs end, or request less, or cancel it and submit with another partition, account or QOS; `sacctmgr show qos` and `sshare -U` show the limits',
    },
  ],
  [
    'AssocGrpGRES',
    {
      text: 'the jobs of your account or user are at a limit of GPUs or other GRES',
      next: 'it starts when some of those jobs end, or request less, or cancel it and submit with another partition, account or QOS; `sshare -U` and `sacctmgr show assoc user=$USER` show the limits',
    },
  ],
  [
    'SomethingOfRelease26',
    {
      text: 'a reason unknown to dyn-slurm',
      next: '`scontrol show job 4242` shows more; the administrators know what it means here',
    },
  ],
  ['None', undefined],
])('explains %s', (reason, explanation) => {
  expect(explainPending(reason, '4242')).toEqual(explanation);
});

test.each([
  ['launch failed requeued held', /^its nodes could not start it, and it is held$/],
  ['launch_failed_requeued_held', /^its nodes could not start it, and it is held$/],
  ['user env retrieval failed requeued held', /^the node could not fetch your login environment/],
  ['user_env_retrieval_failed_requeued_held', /^the node could not fetch your login environment/],
  ['job requeued in held state', /^it was requeued and is held$/],
  ['job_requeued_in_special_exit_state', /^it was requeued and is held$/],
  ["held by the site's plugin", /^it is held$/],
])('held jobs, however it is spelled: %s', (reason, text) => {
  const found = explainPending(reason, '7');
  expect(found?.text).toMatch(text);
  expect(found?.next).toContain('scontrol release 7');
});

const GRES = [
  'AssocGrpGRESMinutes',
  'QOSGrpGRESMinutes',
  'QOSGrpCPUMinutesLimit',
  'AssocGrpBillingMinutes',
  'AssocGrpWallLimit',
];
test.each(GRES)('%s does not go away when other jobs end', (reason) => {
  expect(explainPending(reason, '1')?.next).toMatch(/^waiting for other jobs does not help/);
});

test.each([
  'AssocGrpGRESRunMinutes',
  'QOSGrpCPURunMinutesLimit',
  'MaxCpuRunMinsPerAccount',
  'MaxGRESRunMinsPerUser',
])('%s goes away as running jobs come to their end', (reason) => {
  expect(explainPending(reason, '1')?.next).toMatch(/^it starts as running jobs end/);
});

test.each(RELEASES)('every reason that Slurm %s gave is explained', (release) => {
  const rows = parseQueue(recorded(release, 'queue.stdout') ?? '');
  const waiting = rows.filter(({ state }) => state === 'PENDING');
  expect(waiting.length).toBeGreaterThan(5);
  expect(waiting.filter(({ reason }) => isUnknown(reason))).toEqual([]);
});

const isUnknown = (reason: string): boolean =>
  /does not know/.test(explainPending(reason, '1')?.text ?? 'does not know');

const TRES = ['Unknown', 'Cpu', 'CPU', 'Mem', 'Memory', 'Node', 'Energy', 'GRES', 'License', 'BB', 'Billing'];
const LIMITS =
  'AssocGrp# AssocGrp#Minutes AssocGrp#RunMinutes AssocMax#PerJob AssocMax#PerNode AssocMax#MinutesPerJob QOSGrp# QOSGrp#Minutes QOSGrp#RunMinutes QOSMax#PerJob QOSMax#PerNode QOSMax#PerUser QOSMax#MinutesPerJob QOSMin# Max#PerAccount Max#RunMinsPerAccount Max#RunMinsPerUser'.split(
    ' ',
  );

/** src/common/job_state_reason.c, those of a job that waits; and what slurmctld writes in their place. */
const OF_SLURM = `
Prolog Priority Dependency Resources PartitionNodeLimit PartitionTimeLimit PartitionDown PartitionInactive JobHeldAdmin
JobHeldUser BeginTime Licenses AssociationJobLimit AssociationResourceLimit AssociationTimeLimit Reservation
ReqNodeNotAvail FrontEndDown SchedDefer NodeDown BadConstraints SystemFailure JobLaunchFailure InvalidAccount InvalidQOS
QOSUsageThreshold QOSJobLimit QOSResourceLimit QOSTimeLimit Cleaning QOSNotAllowed AccountNotAllowed
DependencyNeverSatisfied QOSGrpCpuLimit QOSGrpCPUMinutesLimit QOSGrpGRES QOSGrpNodeLimit QOSGrpWallLimit
QOSMaxCpuPerJobLimit QOSMaxNodePerJobLimit QOSMaxWallDurationPerJobLimit QOSMaxJobsPerUserLimit QOSMaxNodePerUserLimit
QOSMaxSubmitJobPerUserLimit QOSMaxGRESPerJob QOSMaxGRESPerNode QOSMaxGRESPerUser QOSMaxGRESMinutesPerJob QOSMinGRES
QOSMinCpuNotSatisfied AssocGrpCpuLimit AssocGrpGRES AssocGrpNodeLimit AssocGrpJobsLimit AssocMaxJobsLimit
AssocMaxNodePerJobLimit AssocMaxWallDurationPerJobLimit AssocMaxSubmitJobLimit AssocMaxGRESPerJob AssocGrpBilling
JobHoldMaxRequeue JobArrayTaskLimit BurstBufferResources BurstBufferStageIn BurstBufferOperation PowerNotAvail
PowerReserved MaxBBPerAccount MaxCpuPerAccount MaxGRESPerAccount MaxNodePerAccount MaxJobsPerAccount
MaxSubmitJobsPerAccount PartitionConfig AccountingPolicy FedJobLock MaxMemPerLimit ReservationDeleted ReservationInvalid
Constraints ${TRES.flatMap((tres) => LIMITS.map((limit) => limit.replace('#', tres))).join(' ')} MaxPoweredUpNodes MpiPortsBusy DeadLine OutOfMemory
NonZeroExitCode RaisedSignal TimeLimit InactiveLimit QOSGrpSubmitJobsLimit AssocGrpSubmitJobsLimit WaitingForTopology`;

test.each(OF_SLURM.trim().split(/\s+/))('%s is explained', (reason) => {
  expect(isUnknown(reason)).toBe(false);
  expect(explainPending(reason, '1')?.next).toMatch(/^\S.*[^.]$/);
});

test.each([
  [
    'Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions',
    /^`sinfo -R` says why/,
  ],
  ['ReqNodeNotAvail, UnavailableNodes:gpu[01-02]', /^`sinfo -R` says why/],
  ['ReqNodeNotAvail, May be reserved for other job', /^`scontrol show reservation` shows when/],
])('%s: %s', (reason, next) => {
  expect(explainPending(reason, '1')?.next).toMatch(next);
});

test.each([
  ["Job's QOS not permitted to use this partition (h100 allows normal not debug)", /use another QOS$/],
  [
    "Job's account not permitted to use this partition (gpu allows a,b not c)",
    /another partition, account or QOS$/,
  ],
  ['Requeued after prolog failure', /starts again by itself/],
  ['burst_buffer/lua:_Stage-in_in_progress', /^wait; `scontrol show burstbuffer`/],
  ['burst_buffer/lua: slurm_bb_data_in: failed', /^see `scontrol show job 1`/],
  ['SpecialExit', /scontrol release 1/],
  ['ResvDelHold', /change slurm.reservation$/],
  ['BootFail', /`sinfo -R`/],
  ['Nodes being booted', /^wait some minutes/],
  ['Maintenance', /^`scontrol show reservation`/],
  ['NodeNotAvail', /^`sinfo -R` says why/],
])('of other words, %s', (reason, next) => {
  expect(explainPending(reason, '1')?.next).toMatch(next);
});

/** Slurm keeps such jobs waiting where EnforcePartLimits is off. */
test.each([
  'PartitionTimeLimit',
  'PartitionNodeLimit',
  'PartitionConfig',
  'AccountNotAllowed',
  'InvalidAccount',
  'InvalidQOS',
  'QOSNotAllowed',
  'BadConstraints',
  'DependencyNeverSatisfied',
  'QOSMaxNodePerJobLimit',
  'QOSMinGRES',
  'AssocMaxGRESPerJob',
  'MaxMemPerLimit',
  'ReservationDeleted',
])('%s never goes away by itself', (reason) => {
  expect(explainPending(reason, '1')?.next).toMatch(/^it will never start: /);
});
