import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FAMILIES, gaugesText } from '../../../../../src/cli/views/live/gauges.ts';
import { advanceLive, type LiveState, newLiveState } from '../../../../../src/cli/views/live/live-state.ts';
import { parseExposition } from '../../../../../src/observe/service/exposition.ts';
import type { ObservedEvent } from '../../../../../src/run/events.ts';

const root = join(import.meta.dirname, '../../../../..');
const time = '2025-11-24T14:00:00.000Z';
const quantiles = { count: 9, mean: 130, p50: 120, p90: 210, p99: 1480 };

const after = (...events: readonly ObservedEvent[]): LiveState =>
  events.reduce(
    advanceLive,
    newLiveState({
      steps: [
        { name: 'prefill-0', kind: 'worker', role: 'prefill' },
        { name: 'decode-0', kind: 'worker', role: 'decode' },
      ],
    }),
  );

const serving: readonly ObservedEvent[] = [
  { time, kind: 'job-started', job: '7', attempt: 0, nodes: 2 },
  { time, kind: 'step-started', step: 'prefill-0', role: 'prefill', nodes: ['node1'] },
  { time, kind: 'step-started', step: 'decode-0', role: 'decode', nodes: ['node2'] },
  { time, kind: 'ready', url: 'http://10.0.0.1:8000', model: 'a "model"\\', seconds: 61.5 },
  { time, kind: 'source', source: 'etcd', state: 'up', via: 'tunnel', reason: '' },
  { time, kind: 'source', source: 'nats', state: 'missing', via: 'tunnel', reason: 'refused' },
  { time, kind: 'instances', roles: [{ role: 'decode', have: 2, want: 1 }], instances: [], revision: '4' },
  {
    time,
    kind: 'load',
    via: 'direct',
    seconds: 1,
    requestsPerSecond: 4,
    failedPerSecond: 0,
    outputTokensPerSecond: 812.5,
    inputTokensPerSecond: 2048,
    running: 16,
    queued: 3,
    ttft: quantiles,
    latencySeconds: 10,
    totals: { requests: 40, failed: 0, inputTokens: 1, outputTokens: 2 },
    workers: { 'decode-0': { running: 12, queued: 0, kvUsage: 0.25, outputTokensPerSecond: 800 } },
  },
];

test('a run that serves', () => {
  expect(gaugesText([{ id: 'r1-0a1b2c', state: after(...serving) }])).toMatchSnapshot();
});

test('what is not known is left out, and of an ended run what it did', () => {
  expect(
    gaugesText([
      { id: 'new', state: after() },
      {
        id: 'ended',
        state: after(...serving, {
          time,
          kind: 'verdict',
          outcome: 'cancelled',
          reason: 'the job was cancelled',
          seconds: 90,
        }),
      },
    ]),
  ).toMatchSnapshot();
});

test('Prometheus reads back what was written', () => {
  const samples = parseExposition(gaugesText([{ id: 'r1', state: after(...serving) }]));
  expect(samples.find(({ name }) => name === 'dyn_slurm_info')).toEqual({
    name: 'dyn_slurm_info',
    labels: { run: 'r1', job: '7', state: '', model: 'a "model"\\', mock: 'false', outcome: '' },
    value: 1,
  });
  expect(new Set(samples.map(({ name }) => name)).size).toBeGreaterThan(15);
});

test('the dashboard asks for metrics that there are, and for all of them but the texts', () => {
  const board = JSON.parse(readFileSync(join(root, 'docs/grafana/dyn-slurm.json'), 'utf8')) as {
    readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  };
  const asked = board.panels.flatMap(({ targets }) =>
    targets.flatMap(({ expr }) => expr.match(/dyn_slurm_[a-z_]+/g) ?? []),
  );
  const shown = FAMILIES.map(({ name }) => name).filter(
    (name) => name !== 'dyn_slurm_info' && name !== 'dyn_slurm_ready_seconds',
  );
  expect([...new Set(asked)].toSorted()).toEqual(shown.toSorted());
});

test('docs/metrics.md lists them', () => {
  const state = after(...serving);
  const labels = new Map(
    FAMILIES.map(({ name, values }) => [
      name,
      [...new Set(values(state).flatMap(([each]) => Object.keys(each)))],
    ]),
  );
  const rows = FAMILIES.map(({ name, help }) => {
    const names = (labels.get(name) ?? []).map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${names} | ${help.replace(/\.$/, '')} |`;
  });
  expect(readFileSync(join(root, 'docs/metrics.md'), 'utf8')).toContain(`\n${rows.join('\n')}\n`);
});
