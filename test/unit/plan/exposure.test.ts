import { expect, test } from 'vitest';
import { exposure } from '../../../src/plan/exposure.ts';
import type { PortUse } from '../../../src/plan/plan.ts';
import { sampleJob } from './sample-job.ts';

test.each<[PortUse, string, string]>([
  ['etcd-client', '1.6.1', 'node, password'],
  ['etcd-client', '0.8.1', 'node, none'],
  ['nats', '0.8.1', 'node, password'],
  ['frontend', '1.6.1', 'node, none'],
  ['responses', '1.6.1', 'node, none'],
  ['responses', '1.4.2', 'all, none'],
  ['dist-init', '1.6.1', 'all, none'],
  ['bootstrap', '1.6.1', 'all, none'],
])('%s of Dynamo %s: %s', (use, version, text) => {
  const { address, guard } = exposure(use, sampleJob({ dynamo: { version }, aggregated: {} }));
  expect(`${address}, ${guard}`).toBe(text);
});
