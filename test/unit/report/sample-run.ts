import type { BenchPoint, BenchResult } from '../../../src/bench/result.ts';
import type { RunData } from '../../../src/report/run-data.ts';
import type { ObservedEvent } from '../../../src/run/events.ts';
import { stateAfter } from '../../../src/run/state.ts';

/** A point with what a test says of it. */
export function point(given: Partial<BenchPoint>): BenchPoint {
  return {
    concurrency: 1,
    prompts: 5,
    completed: 5,
    failed: 0,
    seconds: 1,
    inputTokens: 500,
    outputTokens: 100,
    requestsPerSecond: 5,
    outputTokensPerSecond: 100,
    totalTokensPerSecond: 600,
    perGpu: 10,
    perUser: 50,
    valid: true,
    problems: [],
    partial: false,
    ...given,
  };
}

export function bench(run: string, points: readonly BenchPoint[]): BenchResult {
  return {
    schema: 'dyn-slurm/bench/1',
    run,
    name: 'bench',
    tool: 'builtin',
    valid: true,
    problems: [],
    partial: false,
    provenance: {
      model: 'm',
      mock: false,
      gpus: { model: 'h100', total: 8, prefill: 4, decode: 4, aggregated: 0 },
    },
    load: { isl: 64, osl: 16 },
    points,
  };
}

export const EVENTS: readonly ObservedEvent[] = [
  { time: '2026-11-24T09:00:10.000Z', kind: 'job-started', job: '7', attempt: 0, nodes: 1 },
  {
    time: '2026-11-24T09:00:11.000Z',
    kind: 'nodes-bound',
    nodes: [{ index: 0, host: 'n0', ip: '10.0.0.1' }],
  },
  { time: '2026-11-24T09:00:11.500Z', kind: 'step-started', step: 'etcd', nodes: ['n0'] },
  { time: '2026-11-24T09:00:11.500Z', kind: 'step-started', step: 'decode-0', role: 'decode', nodes: ['n0'] },
  { time: '2026-11-24T09:00:12.000Z', kind: 'service-ready', step: 'etcd', seconds: 2 },
  { time: '2026-11-24T09:00:14.000Z', kind: 'workers-registered', role: 'decode', have: 0, want: 1 },
  { time: '2026-11-24T09:00:20.000Z', kind: 'workers-registered', role: 'decode', have: 1, want: 1 },
  { time: '2026-11-24T09:00:21.000Z', kind: 'ready', url: 'http://10.0.0.1:8000', model: 'm', seconds: 11 },
  { time: '2026-11-24T09:05:00.000Z', kind: 'warning', reason: 'a word', step: 'gpu' },
  { time: '2026-11-24T09:10:00.000Z', kind: 'teardown', reason: 'cancelled', outcome: 'cancelled' },
  {
    time: '2026-11-24T09:10:02.000Z',
    kind: 'verdict',
    outcome: 'cancelled',
    reason: 'cancelled',
    seconds: 592,
  },
];

/** A run without anything beside its events. */
export function sampleRun(id: string, given: Partial<RunData> = {}): RunData {
  return {
    run: { id, name: 'r', dir: `/runs/${id}` },
    events: EVENTS,
    state: stateAfter(EVENTS),
    mock: false,
    bench: [],
    gpus: [],
    ...given,
  };
}
