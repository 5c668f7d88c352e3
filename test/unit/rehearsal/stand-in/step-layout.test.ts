import { expect, test } from 'vitest';
import { layOutStep, type StepWish } from '../../../../src/rehearsal/slurm/step-layout.ts';

const job = { id: 7, hosts: ['node0', 'node1', 'node2', 'node3'], cpusPerNode: 1 };
const wish = { cpusPerTask: 1, overcommit: false };

function layout(change: Partial<StepWish>, cpusPerNode = 1) {
  const result = layOutStep({ ...wish, ...change }, { ...job, cpusPerNode });
  if ('refusal' in result) return result;
  return { on: result.places.map(({ host }) => host).join(' '), warnings: result.warnings };
}

test.each([
  [{}, '0 1 2 3'],
  [{ nodes: 2 }, '0 1'],
  [{ nodes: 2, relative: 2 }, '2 3'],
  [{ nodes: 1, exclude: 'node0' }, '1'],
  [{ nodelist: 'node[1-2]' }, '1 2'],
  [{ nodes: 2, nodelist: 'node3,node1' }, '1 3'],
  [{ nodes: 4, nodelist: 'node[2-3]' }, '0 1 2 3'],
  [{ nodes: 3, nodelist: 'node3' }, '0 1 3'],
  [{ nodes: 2, tasks: 2, tasksPerNode: 1 }, '0 1'],
])('%j', (change, on) => {
  expect(layout(change)).toEqual({ on, warnings: [] });
});

test.each([
  [{ nodes: 2, tasks: 5 }, '0 0 0 1 1'],
  [{ nodes: 2, tasksPerNode: 2 }, '0 0 1 1'],
  [{ tasks: 6 }, '0 0 1 1 2 3'],
])('%j, with CPUs enough', (change, on) => {
  expect(layout(change, 8)).toEqual({ on, warnings: [] });
  expect(layout({ ...change, overcommit: true })).toEqual({ on, warnings: [] });
  expect(layout(change)).toMatchObject({
    refusal: 'error: Unable to create step for job 7: More processors requested than permitted',
  });
});

test('fewer tasks than nodes leave nodes out', () => {
  expect(layout({ nodes: 3, tasks: 1 })).toEqual({
    on: '0',
    warnings: ["Warning: can't run 1 processes on 3 nodes, setting nnodes to 1"],
  });
});

test('the job’s task count meets a step of two nodes', () => {
  expect(layout({ nodes: 2, tasks: 4, tasksPerNode: 1 })).toEqual({
    refusal: 'error: Unable to create step for job 7: More processors requested than permitted',
    warnings: [
      "Warning: can't honor --ntasks-per-node set to 1 which doesn't match the requested tasks 4 with the number of " +
        'requested nodes 2. Ignoring --ntasks-per-node.',
    ],
  });
});

test('a list longer than the count loses its end', () => {
  expect(layout({ nodes: 1, nodelist: 'node1,node2' })).toEqual({
    on: '1',
    warnings: [
      'error: Required nodelist includes more nodes than permitted by max-node count (2 > 1). ' +
        'Eliminating nodes from the nodelist.',
    ],
  });
});

test.each([
  [{ nodelist: 'node9' }, 'Unable to create step for job 7: Requested node configuration is not available'],
  [{ nodes: 5 }, 'Only allocated 4 nodes asked for 5'],
  [
    { nodes: 4, exclude: 'node0' },
    'Unable to create step for job 7: Requested node configuration is not available',
  ],
])('%j is refused', (change, message) => {
  expect(layout(change)).toEqual({ refusal: `error: ${message}`, warnings: [] });
});
