import { expect, test } from 'vitest';
import { explainPending } from '../../../src/scheduler/pending-reason.ts';
import { parseQueue } from '../../../src/scheduler/slurm-parse.ts';
import { RELEASES, recorded } from './recorded.ts';

test.each([
  ['Resources', { text: 'first in line, until enough nodes are free' }],
  [
    'Priority',
    {
      text: 'other jobs go first',
      next: '`squeue --start --jobs=4242` shows when Slurm expects it to start',
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
      text: 'you are at a limit of your QOS',
      next: 'it starts when your other jobs end, or ask for less, or cancel and submit with another partition or QOS',
    },
  ],
  [
    'AssocGrpGRES',
    {
      text: 'your account or user is at a limit',
      next: 'it starts when other jobs of the account end; `sshare -U`',
    },
  ],
  [
    'ReqNodeNotAvail, UnavailableNodes:gpu[01-02]',
    { text: 'nodes that it asks for are down, drained or reserved', next: '`sinfo -R` says why' },
  ],
  ['SomethingOfRelease26', undefined],
])('explains %s', (reason, explanation) => {
  expect(explainPending(reason, '4242')).toEqual(explanation);
});

test.each(RELEASES)('every reason that Slurm %s gave is explained', (release) => {
  const rows = parseQueue(recorded(release, 'queue.stdout') ?? '');
  const waiting = rows.filter(({ state }) => state === 'PENDING');
  expect(waiting.length).toBeGreaterThan(5);
  expect(waiting.filter(({ reason }) => explainPending(reason, '1') === undefined)).toEqual([]);
});

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
Constraints`;

test.each(OF_SLURM.trim().split(/\s+/))('%s is explained', (reason) => {
  expect(explainPending(reason, '1')).toBeDefined();
});

test.each([
  ['launch failed requeued held', 'release it with `scontrol release 1`'],
  [
    'Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions',
    '`sinfo -R` says why',
  ],
  ['ReqNodeNotAvail, May be reserved for other job', '`sinfo -R` says why'],
])('%s: %s', (reason, next) => {
  expect(explainPending(reason, '1')?.next).toBe(next);
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
