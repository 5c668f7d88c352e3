import { expect, test } from 'vitest';
import type { Problem } from '../../../src/config/yaml/problem.ts';
import { checkRules } from '../../../src/plan/rules/check-rules.ts';
import { sampleJob } from '../plan/sample-job.ts';

function problems(sections: Parameters<typeof sampleJob>[0]): readonly Problem[] {
  const job = sampleJob({ prefill: {}, decode: {}, ...sections });
  return checkRules(job).problems.filter(({ path }) => path[0] === 'profile');
}

test('roles of the config can be put under nsys', () => {
  expect(problems({ profile: { tool: 'nsys', roles: ['prefill', 'decode'] } })).toEqual([]);
});

test('a role that the config has not cannot', () => {
  expect(problems({ profile: { roles: ['decode', 'aggregated'] } })).toEqual([
    {
      severity: 'error',
      path: ['profile', 'roles', 1],
      message: 'is not a role of this config, which has no `aggregated`',
    },
  ]);
});

test('nor can workers of a Dynamo that nobody can ask', () => {
  expect(problems({ dynamo: { version: '0.7.1' }, profile: { roles: ['decode'] } })).toEqual([
    {
      severity: 'error',
      path: ['profile'],
      at: 'key',
      message: 'workers of Dynamo 0.7.1 cannot be profiled',
      hint: 'remove it; profiling requires Dynamo 0.8 or later',
    },
  ]);
});
