import { expect, test } from 'vitest';
import type { Problem } from '../../../src/config/yaml/problem.ts';
import { checkRules } from '../../../src/plan/rules/check-rules.ts';
import { sampleJob } from '../plan/sample-job.ts';

type Sections = Readonly<Record<string, unknown>>;

const FOUR_ON_A_NODE = {
  prefill: { workers: 2, gpus_per_worker: 2 },
  decode: { workers: 2, gpus_per_worker: 2, kv_events: true },
};
const hint = 'a port can be used only once per node; change one of the two';

function problems(sections: Sections): readonly Problem[] {
  const job = sampleJob(sections);
  return checkRules(job).problems;
}

test.each<[string, Sections, Problem]>([
  [
    "the frontend on a service's port",
    { frontend: { port: 2379 } },
    {
      severity: 'error',
      path: ['frontend', 'port'],
      message: "the frontend on port 2379 would overlap with etcd's client port on port 2379",
      hint,
    },
  ],
  [
    'a service moved into a block',
    { infra: { ports: { nats: 8083 } } },
    {
      severity: 'error',
      path: ['infra', 'ports', 'nats'],
      message: "NATS on port 8083 would overlap with the workers' system servers on ports 8081 to 8084",
      hint,
    },
  ],
  [
    'a block moved onto another',
    { infra: { ports: { system: 7780 } } },
    {
      severity: 'error',
      path: ['infra', 'ports', 'system'],
      message:
        "the workers' system servers on ports 7780 to 7783 would overlap with requests and responses on ports 7777 to 7781",
      hint,
    },
  ],
  [
    'dist-init too near to bootstrap',
    { infra: { ports: { dist_init: 29_980 } } },
    {
      severity: 'error',
      path: ['infra', 'ports', 'dist_init'],
      message:
        "SGLang's dist-init on ports 29980 to 30053 would overlap with the bootstrap ports of prefill on ports 30001 to 30002",
      hint,
    },
  ],
  [
    "nginx on the frontends' port",
    { decode: { gpus_per_worker: 8 }, frontend: { count: 2, port: 8180 } },
    {
      severity: 'error',
      path: ['frontend', 'port'],
      message: 'nginx on port 8180 would overlap with frontends behind nginx on port 8180',
      hint,
    },
  ],
  [
    'a block that runs over the last port',
    { infra: { ports: { dist_init: 65_500 } } },
    {
      severity: 'error',
      path: ['infra', 'ports', 'dist_init'],
      message: "SGLang's dist-init would reach port 65573, above 65535",
      hint: 'use at most 65462',
    },
  ],
  [
    'a system port that Dynamo cannot read',
    { infra: { ports: { system: 40_000 } } },
    {
      severity: 'error',
      path: ['infra', 'ports', 'system'],
      message: "the workers' system servers would reach port 40003, above 32767",
      hint: 'use at most 32764',
    },
  ],
  [
    'KV events of many data parallel ranks',
    {
      decode: { nodes: 288, dp: 'gpus', kv_events: true, args: { 'enable-dp-attention': true } },
    },
    {
      severity: 'error',
      path: ['infra', 'ports', 'kv_events'],
      message:
        'KV cache events on ports 5557 to 7860 would overlap with requests and responses on ports 7777 to 7779',
      hint,
    },
  ],
])('%s is reported', (_, sections, problem) => {
  const found = problems({ ...FOUR_ON_A_NODE, ...sections }).filter(({ severity }) => severity === 'error');
  expect(found).toEqual([problem]);
});

test("NATS' port is free where NATS does not run", () => {
  const infra = { event_plane: 'zmq', ports: { etcd_client: 4222 } };
  expect(problems({ aggregated: {}, infra }).filter(({ severity }) => severity === 'error')).toEqual([]);
});

test('two overlaps are both reported', () => {
  const infra = { ports: { etcd_client: 29_502, nats: 29_530 } };
  expect(problems({ ...FOUR_ON_A_NODE, infra }).map(({ path }) => path.join('.'))).toEqual([
    'infra.ports.etcd_client',
    'infra.ports.nats',
  ]);
});
