import { advanceLive, type LiveState, newLiveState } from '../../../../../src/cli/views/live/live-state.ts';
import type { Role } from '../../../../../src/config/schema/role.ts';
import type { ObservedEvent } from '../../../../../src/run/events.ts';
import type { ServiceEventOf, WorkerLoad } from '../../../../../src/run/service-event.ts';

export const START = Date.parse('2025-11-24T14:00:00.000Z');
export const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

export const workers = (role: Role, count: number) =>
  Array.from({ length: count }, (_, index) => `${role}-${index}`);

/** A service of so many workers, each on a node of its own, that is ready after 60 s. */
export function service(prefill: number, decode: number): LiveState {
  const steps = [
    ...workers('prefill', prefill).map((name) => ({
      name,
      kind: 'worker' as const,
      role: 'prefill' as const,
    })),
    ...workers('decode', decode).map((name) => ({ name, kind: 'worker' as const, role: 'decode' as const })),
  ];
  return after(newLiveState({ steps }), [
    { time: at(0), kind: 'job-started', job: '7', attempt: 0, nodes: steps.length },
    ...steps.map(
      ({ name, role }, index): ObservedEvent => ({
        time: at(1),
        kind: 'step-started',
        step: name,
        role,
        nodes: role === 'prefill' ? [`node${index}`, `node${index + 100}`] : [`node${index}`],
      }),
    ),
    {
      time: at(60),
      kind: 'ready',
      url: 'http://10.0.0.1:8000',
      model: 'deepseek-ai/DeepSeek-R1',
      seconds: 60,
    },
  ]);
}

export const after = (state: LiveState, events: readonly ObservedEvent[]): LiveState =>
  events.reduce(advanceLive, state);

const latency = { count: 900, mean: 130, p50: 120, p90: 210, p99: 1480 };

export function load(
  seconds: number,
  output: number,
  of: Readonly<Record<string, WorkerLoad>>,
): ServiceEventOf<'load'> {
  return {
    time: at(seconds),
    kind: 'load',
    via: 'direct',
    seconds: 1,
    requestsPerSecond: 4.4,
    failedPerSecond: 0,
    outputTokensPerSecond: output,
    inputTokensPerSecond: 4 * output,
    running: 132,
    queued: 12,
    ttft: latency,
    itl: { count: 90_000, mean: 13, p50: 12.4, p90: 15, p99: 31 },
    totals: { requests: 12_345, failed: 0, inputTokens: 50_000_000, outputTokens: 12_300_000 },
    latencySeconds: 30,
    workers: of,
  };
}

export const decoding: WorkerLoad = { running: 64, queued: 2, kvUsage: 0.42, outputTokensPerSecond: 6120.4 };
const prefilling: WorkerLoad = {
  running: 3,
  queued: 8,
  kvUsage: 0.031,
  inputTokensPerSecond: 48_960,
  outputTokensPerSecond: 4,
};

/** Two minutes of a load that rises. */
export const busy = (state: LiveState): LiveState =>
  after(state, [
    ...Array.from({ length: 120 }, (_, second) =>
      load(61 + second, 100 * (second + 1), {
        'prefill-0': prefilling,
        'decode-0': decoding,
        'decode-1': { ...decoding, kvUsage: 0.97 },
      }),
    ),
    { time: at(180), kind: 'source', source: 'etcd', state: 'up', via: 'direct', reason: '' },
    { time: at(180), kind: 'source', source: 'nats', state: 'up', via: 'direct', reason: '' },
    instances(180, ['prefill-0', 'decode-0', 'decode-1']),
    {
      time: at(180),
      kind: 'bus',
      server: '2.10.4',
      milliseconds: 0,
      jetstream: { streams: 2, consumers: 4, messages: 10, bytes: 1000 },
      services: [],
    },
    {
      time: at(180),
      kind: 'health',
      frontends: [{ step: 'frontend-0', state: 'healthy', instances: 3 }],
      workers: ['prefill-0', 'decode-0', 'decode-1'].map((step) => ({ step, state: 'ready' as const })),
    },
  ]);

export function instances(seconds: number, steps: readonly string[]): ServiceEventOf<'instances'> {
  const of = (role: string) => steps.filter((step) => step.startsWith(role)).length;
  return {
    time: at(seconds),
    kind: 'instances',
    roles: [
      { role: 'prefill', have: of('prefill'), want: 1 },
      { role: 'decode', have: of('decode'), want: 2 },
    ],
    instances: steps.map((step) => ({
      namespace: 'dynamo',
      component: 'backend',
      endpoint: 'generate',
      id: '1682272636686925605',
      lease: '1758a20ccd157f25',
      step,
    })),
    revision: '18',
  };
}
