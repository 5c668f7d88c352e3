import { expect, test } from 'vitest';
import { allocatedCommand, parseAllocated } from '../../../src/scheduler/allocated.ts';
import type { JobId } from '../../../src/scheduler/job-id.ts';

test('what scontrol is asked', () => {
  expect(allocatedCommand('4242' as JobId)).toEqual(['scontrol', '--details', 'show', 'job', '4242']);
  expect(allocatedCommand('4242;hopper' as JobId)).toEqual([
    'scontrol',
    '--clusters=hopper',
    '--details',
    'show',
    'job',
    '4242',
  ]);
});

/** Slurm 22.05.8, shortened. */
const recorded = (times: string, ...groups: string[]) => `JobId=1 JobName=no-shell
   Requeue=1 Restarts=0 BatchFlag=0 Reboot=0 ExitCode=0:0
   ${times} TimeMin=N/A
   NodeList=node[1-4]
   JOB_GRES=gpu:h100:32
${groups.map((group) => `     ${group}\n`).join('')}   MinCPUsNode=1 MinMemoryCPU=7000M MinTmpDiskNode=0
   TresPerNode=gres:gpu:8
`;

test.each([
  [
    'whole nodes',
    recorded(
      'RunTime=00:00:01 TimeLimit=00:10:00',
      'Nodes=node[1-4] CPU_IDs=0-63 Mem=448000 GRES=gpu:h100:8(IDX:0-7)',
    ),
    { left: 599, groups: [{ nodes: 'node[1-4]', gpus: 8 }] },
  ],
  [
    'nodes without GPUs',
    recorded('RunTime=02:00:00 TimeLimit=1-00:00:00', 'Nodes=node1 CPU_IDs=0 Mem=7000 GRES='),
    { left: 22 * 3600, groups: [{ nodes: 'node1', gpus: 0 }] },
  ],
  [
    'uneven nodes without a limit',
    recorded(
      'RunTime=00:00:01 TimeLimit=UNLIMITED',
      'Nodes=node[1,3] CPU_IDs=0-63 Mem=0 GRES=gpu:2(IDX:0-1)',
      'Nodes=node2 CPU_IDs=0-63 Mem=0 GRES=gpu:a100:1(IDX:0),gpu:h100:4(IDX:1-4),nic:2(IDX:0-1)',
    ),
    {
      groups: [
        { nodes: 'node[1,3]', gpus: 2 },
        { nodes: 'node2', gpus: 5 },
      ],
    },
  ],
  ['a Slurm that says none of it', 'JobId=1 JobName=no-shell\n', { groups: [] }],
])('%s', (_, said, allocated) => {
  expect(parseAllocated(said)).toEqual(allocated);
});
