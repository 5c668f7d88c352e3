import { expect, test } from 'vitest';
import { stepRequest } from '../../../../src/rehearsal/slurm/step-request.ts';
import { aJob } from './a-job.ts';

const job = aJob({ nodes: 4 });
const request = (options: Readonly<Record<string, string>>) =>
  stepRequest(new Map(Object.entries(options)), job, '/run');

test.each([
  [{}, [0, 1, 2, 3]],
  [{ nodes: '2' }, [0, 1]],
  [{ nodes: '2', nodelist: 'node3,node1' }, [1, 3]],
  [{ nodelist: 'node2' }, [2]],
])('%j: one task on each of %j', (options, nodes) => {
  expect(request(options).places).toEqual(nodes.map((node, task) => ({ task, node })));
});

test('a node that the job lacks is refused', () => {
  expect(() => request({ nodelist: 'node3,node4' })).toThrow(
    'srun: error: Unable to create step for job 7: Requested node configuration is not available',
  );
});

test('what the steps of a bundle ask for', () => {
  const { output, ...rest } = request({
    nodes: '2',
    nodelist: 'node1,node2',
    'job-name': 'prefill-0',
    'kill-on-bad-exit': '1',
    input: 'none',
    output: '/run/logs/prefill-0.%N.log',
  });
  expect(rest).toEqual({
    name: 'prefill-0',
    places: [
      { task: 0, node: 1 },
      { task: 1, node: 2 },
    ],
    cwd: '/run',
    exported: undefined,
    killOnBadExit: true,
    fed: false,
    terminal: false,
  });
  expect(rest.places.map((place) => output?.(place))).toEqual([
    '/run/logs/prefill-0.node1.log',
    '/run/logs/prefill-0.node2.log',
  ]);
});

test('several tasks a node, as a program of MPI has them', () => {
  const { places } = request({ nodes: '2', ntasks: '4', 'ntasks-per-node': '2', nodelist: 'node1,node2' });
  expect(places).toEqual([
    { task: 0, node: 1, local: { rank: 0, of: 2 } },
    { task: 1, node: 1, local: { rank: 1, of: 2 } },
    { task: 2, node: 2, local: { rank: 0, of: 2 } },
    { task: 3, node: 2, local: { rank: 1, of: 2 } },
  ]);
});
