import { expect, test } from 'vitest';
import { withoutRetiredRoles } from '../../../src/config/compat/retired-roles.ts';
import { sampleJob } from '../plan/sample-job.ts';

const ROLES = { aggregated: { nodes: 1 }, processor: { gpus_per_worker: 0 }, router: { gpus_per_worker: 0 } };

test.each([
  ['0.7.1', ['aggregated', 'processor', 'router']],
  ['0.8.0', ['aggregated', 'processor']],
  ['1.0.2', ['aggregated', 'processor']],
  ['1.1.0', ['aggregated']],
])('Dynamo %s has %j', (version, roles) => {
  const { job, problems } = withoutRetiredRoles(sampleJob({ ...ROLES, dynamo: { version } }), () => false);
  expect(Object.keys(ROLES).filter((role) => role in job)).toEqual(roles);
  expect(problems).toEqual([]);
});

test('who asks for a retired role is told', () => {
  const { problems } = withoutRetiredRoles(sampleJob(ROLES), (role) => role === 'router');
  expect(problems).toEqual([
    {
      severity: 'warning',
      path: ['router'],
      at: 'key',
      message: 'Dynamo 1.6.1 does the work of a router itself; none is started',
      hint: 'remove it, or set dynamo.version to the release in your image',
    },
  ]);
});
