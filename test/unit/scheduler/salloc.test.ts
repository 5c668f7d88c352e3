import { expect, test } from 'vitest';
import { allocateCommand, parseAllocation } from '../../../src/scheduler/salloc.ts';

test('salloc asks for what the job script would, less what only scripts have', () => {
  const directives = [
    '--job-name=r1',
    '--account=research',
    '--time=0-04:00:00',
    '--nodes=3',
    '--exclusive',
    '--mem=0',
    '--gpus-per-node=8',
    '--output=job.log',
    '--open-mode=append',
    '--export=NONE',
    '--propagate=NONE',
    '--signal=B:USR1@120',
    '--no-requeue',
    '--mail-type=END,FAIL',
  ];
  expect(allocateCommand({ id: 'r1-0a1b2c' }, directives)).toEqual([
    'salloc',
    '--no-shell',
    '--comment=dyn-slurm:r1-0a1b2c',
    '--job-name=r1',
    '--account=research',
    '--time=0-04:00:00',
    '--nodes=3',
    '--exclusive',
    '--mem=0',
    '--gpus-per-node=8',
    '--mail-type=END,FAIL',
  ]);
});

// As Slurm 22.05.8 says it.
test.each([
  ['salloc: Granted job allocation 1\n', { job: '1', granted: true, withdrawn: false }],
  [
    'salloc: Pending job allocation 8\nsalloc: job 8 queued and waiting for resources\nsalloc: job 8 has been allocated resources\nsalloc: Granted job allocation 8\nsalloc: Nodes node[1-3] are ready for job\n',
    { job: '8', granted: true, withdrawn: false },
  ],
  [
    'salloc: Pending job allocation 7\nsalloc: job 7 queued and waiting for resources\n',
    { job: '7', granted: false, withdrawn: false },
  ],
  [
    'salloc: Pending job allocation 3\nsalloc: job 3 queued and waiting for resources\nsalloc: Job has been cancelled\nsalloc: error: Job submit/allocate failed: Job/step already completing or completed\n',
    { job: '3', granted: false, withdrawn: true },
  ],
  [
    'salloc: Pending job allocation 2\nsalloc: job 2 queued and waiting for resources\nsalloc: Job aborted due to signal\n',
    { job: '2', granted: false, withdrawn: true },
  ],
  [
    'salloc: Pending job allocation 2\nsalloc: Job allocation 2 has been revoked.\n',
    { job: '2', granted: false, withdrawn: true },
  ],
  [
    'salloc: error: invalid partition specified: nowhere\nsalloc: error: Job submit/allocate failed: Invalid partition name specified\n',
    { granted: false, withdrawn: false },
  ],
])("salloc's words %j", (stderr, words) => {
  expect(parseAllocation(stderr)).toEqual(words);
});
