import { expect, test } from 'vitest';
import { planOf, sampleJob } from './sample-job.ts';

const SHARED = { account: 'a', partition: 'p', time: '1h', exclusive: false };

function movable(sections: Readonly<Record<string, unknown>>): readonly string[] {
  const { movable: blocks } = planOf(sampleJob({ ...sections, slurm: SHARED }));
  return blocks.map(({ port, count, instead }) => `${port}+${count}: ${instead.join(' ')}`);
}

test('on nodes of its own a job has the ports of its plan, and its commands say them', () => {
  const plan = planOf(sampleJob({ aggregated: { workers: 1 } }));
  expect(plan.movable).toEqual([]);
  expect(JSON.stringify(plan)).not.toContain('"ref":"port"');
});

test('on shared nodes every port may move that the config does not give; what SGLang counts from one port moves with it', () => {
  expect(
    movable({
      prefill: {
        gpus_per_worker: 4,
        workers: 2,
        dp: 4,
        kv_events: true,
        args: { 'enable-dp-attention': true },
      },
      decode: { gpus_per_worker: 8 },
      frontend: { router_mode: 'kv' },
    }),
  ).toEqual([
    '2379+1: 3379 3479 3579',
    '4222+1: 5222 5322 5422',
    '5557+4: 6557 6657 6757',
    '5561+4: 6561 6661 6761',
    '7777+1: 8777 8877 8977',
    '7778+1: 8778 8878 8978',
    '7779+1: 8779 8879 8979',
    '8000+1: 9000 9100 9200',
    '8081+1: 9081 9181 9281',
    '8082+1: 9082 9182 9282',
    '29500+14: 30500 30600 30700',
    '29520+14: 30520 30620 30720',
    '30001+1: 31001 31101 31201',
    '30002+1: 31002 31102 31202',
  ]);
});

test('on shared nodes a port that the config gives stays, and is no alternative of another', () => {
  expect(
    movable({
      aggregated: { workers: 1 },
      frontend: { port: 8000 },
      infra: { ports: { system: 9777, nats: 3479 } },
    }),
  ).toEqual(['2379+1: 3379 3579 3679', '7777+1: 8777 8977 9077', '7778+1: 8778 8978 9078']);
});

test('without a preflight nobody knows which ports are free', () => {
  expect(movable({ aggregated: { workers: 1 }, health: { preflight: false } })).toEqual([]);
});

test('no two blocks can meet, wherever each of them goes', () => {
  const plan = planOf(
    sampleJob({
      aggregated: { workers: 16, gpus_per_worker: 1, kv_events: true },
      frontend: { count: 2, router_mode: 'kv' },
      slurm: SHARED,
    }),
  );
  const all = plan.movable.flatMap(({ port, count, instead }) =>
    [port, ...instead].flatMap((first) => Array.from({ length: count }, (_, index) => first + index)),
  );
  expect(new Set(all).size).toBe(all.length);
  expect(Math.max(...all)).toBeLessThanOrEqual(32_767);
});
