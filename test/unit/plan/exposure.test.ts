import { expect, test } from 'vitest';
import { exposure } from '../../../src/plan/exposure.ts';
import type { PortUse } from '../../../src/plan/plan.ts';
import { planOf, sampleJob } from './sample-job.ts';

test.each<[PortUse, string, string]>([
  ['etcd-client', '1.6.1', 'node, password'],
  ['etcd-client', '0.8.1', 'node, none'],
  ['nats', '0.8.1', 'node, password'],
  ['frontend', '1.6.1', 'node, none'],
  ['responses', '1.6.1', 'node, none'],
  ['responses', '1.4.2', 'all, none'],
  ['dist-init', '1.6.1', 'all, none'],
  ['dp-handshake', '1.6.1', 'node, none'],
  ['bootstrap', '1.6.1', 'node, none'],
  ['kv-events', '1.6.1', 'all, none'],
])('%s of Dynamo %s: %s', (use, version, text) => {
  const { address, guard } = exposure(use, sampleJob({ dynamo: { version }, aggregated: {} }));
  expect(`${address}, ${guard}`).toBe(text);
});

test('the bootstrap server of an early SGLang listens everywhere', () => {
  // Dynamo 0.4.1 depends on 0.4.9.
  for (const [version, text] of [
    ['0.4.1', 'all, none'],
    ['1.6.1', 'node, none'],
  ] as const) {
    const plan = planOf(sampleJob({ dynamo: { version }, prefill: {}, decode: {} }));
    const prefill = plan.steps.find(({ name }) => name === 'prefill-0');
    const found = prefill?.ports.find(({ use }) => use === 'bootstrap');
    expect(`${found?.address}, ${found?.guard}`).toBe(text);
  }
});

test.each<[PortUse, string, string]>([
  ['etcd-client', '1.6.1', 'loopback, password'],
  ['etcd-client', '0.8.1', 'loopback, none'],
  ['nats', '1.6.1', 'loopback, password'],
  ['rpc', '1.6.1', 'loopback, none'],
  ['system', '1.6.1', 'loopback, none'],
  ['responses', '1.6.1', 'loopback, none'],
  ['responses', '1.5.1', 'all, none'],
  ['frontend', '1.6.1', 'node, none'],
  ['nginx', '1.6.1', 'node, none'],
  ['bootstrap', '1.6.1', 'node, none'],
  ['kv-events', '1.6.1', 'all, none'],
])('with `infra.bind: loopback` %s of Dynamo %s: %s', (use, version, text) => {
  const job = sampleJob({ dynamo: { version }, aggregated: {}, infra: { bind: 'loopback' } });
  const { address, guard } = exposure(use, job);
  expect(`${address}, ${guard}`).toBe(text);
});

test('`infra.tls` guards what Dynamo’s processes, etcd and NATS say to each other', () => {
  const job = sampleJob({ aggregated: {}, infra: { tls: true } });
  const uses: readonly PortUse[] = [
    'etcd-client',
    'nats',
    'rpc',
    'responses',
    'frontend',
    'system',
    'kv-events',
  ];
  expect(uses.map((use) => [use, exposure(use, job).guard])).toEqual([
    ['etcd-client', 'certificate'],
    ['nats', 'certificate'],
    ['rpc', 'certificate'],
    ['responses', 'certificate'],
    ['frontend', 'none'],
    ['system', 'none'],
    ['kv-events', 'none'],
  ]);
});
