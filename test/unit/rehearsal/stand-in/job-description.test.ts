import { expect, test } from 'vitest';
import { jobDescription } from '../../../../src/rehearsal/slurm/job-description.ts';
import { aJob } from './a-job.ts';

const job = aJob({
  state: 'TIMEOUT',
  reason: 'TimeLimit',
  hosts: ['node0', 'node1'],
  started: Date.UTC(2026, 0, 1),
  ended: Date.UTC(2026, 0, 1, 1, 0, 5),
  exit: { code: 9, signal: 0 },
  comment: 'dyn-slurm:r1',
  batch: {
    command: '/run/job.sbatch',
    args: [],
    output: '/run/job.log',
    error: '/run/job.log',
    input: '/dev/null',
    append: true,
  },
});

test('scontrol show job', () => {
  expect(jobDescription(job, { now: 0, timeFormat: '%s' }, false)).toBe(`JobId=7 JobName=averylongname
   UserId=ada(1000) GroupId=100(100) MCS_label=N/A
   Priority=1 Nice=0 Account=(null) QOS=(null)
   JobState=TIMEOUT Reason=TimeLimit Dependency=(null)
   Requeue=0 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=9:0
   RunTime=01:00:05 TimeLimit=01:00:00 TimeMin=N/A
   SubmitTime=1767225599 EligibleTime=1767225599
   StartTime=1767225600 EndTime=1767229205 Deadline=N/A
   Partition=batch AllocNode:Sid=login:0
   NodeList=node[0-1]
   BatchHost=node0
   NumNodes=2 NumCPUs=2 NumTasks=2 CPUs/Task=1
   Features=(null) DelayBoot=00:00:00 Reservation=(null)
   Command=/run/job.sbatch
   WorkDir=/run
   Comment=dyn-slurm:r1
   StdErr=/run/job.log
   StdIn=/dev/null
   StdOut=/run/job.log

`);
});

test('on one line', () => {
  expect(jobDescription(job, { now: 0 }, true)).toMatch(/^JobId=7 JobName=.*StdOut=\/run\/job\.log\n$/);
});
