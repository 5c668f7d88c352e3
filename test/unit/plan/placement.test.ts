import { expect, test } from 'vitest';
import { frontendNodes, place } from '../../../src/plan/placement.ts';
import { sampleJob } from './sample-job.ts';

/** `prefill-0: nodes 0,1 GPUs 0-3` for each worker. */
function spots(sections: Readonly<Record<string, unknown>>): readonly string[] {
  const { workers } = place(sampleJob(sections));
  return workers.map(({ name, nodes, gpus, sharesNode }) => {
    const numbers = gpus.length === 0 ? 'none' : `${gpus[0]}-${gpus.at(-1)}`;
    return `${name}: nodes ${nodes.join(',')} GPUs ${numbers}${sharesNode ? ' shared' : ''}`;
  });
}

test.each<[string, Readonly<Record<string, unknown>>, readonly string[]]>([
  [
    'one node for a worker by default',
    { aggregated: { workers: 2 } },
    ['aggregated-0: nodes 0 GPUs 0-7', 'aggregated-1: nodes 1 GPUs 0-7'],
  ],
  [
    'prefill first, then decode, on contiguous nodes',
    {
      gpu: 'gb200',
      decode: { nodes: 3 },
      prefill: { workers: 2, nodes: 4 },
    },
    ['prefill-0: nodes 0,1 GPUs 0-3', 'prefill-1: nodes 2,3 GPUs 0-3', 'decode-0: nodes 4,5,6 GPUs 0-3'],
  ],
  [
    'small workers packed',
    { aggregated: { workers: 3, gpus_per_worker: 4 } },
    [
      'aggregated-0: nodes 0 GPUs 0-3 shared',
      'aggregated-1: nodes 0 GPUs 4-7 shared',
      'aggregated-2: nodes 1 GPUs 0-3',
    ],
  ],
  [
    'small workers of different roles on one node',
    { prefill: { gpus_per_worker: 1 }, decode: { gpus_per_worker: 1 } },
    ['prefill-0: nodes 0 GPUs 0-0 shared', 'decode-0: nodes 0 GPUs 1-1 shared'],
  ],
  [
    'a small worker never on the node of a whole-node one',
    {
      prefill: { gpus_per_worker: 2 },
      decode: { nodes: 1 },
      encode: { gpus_per_worker: 2 },
    },
    ['prefill-0: nodes 0 GPUs 0-1 shared', 'decode-0: nodes 1 GPUs 0-7', 'encode-0: nodes 0 GPUs 2-3 shared'],
  ],
  [
    'a part of several nodes: the same on each, and nobody beside it',
    { prefill: { workers: 2, gpus_per_worker: 12 }, decode: { gpus_per_worker: 2 } },
    ['prefill-0: nodes 0,1 GPUs 0-5', 'prefill-1: nodes 2,3 GPUs 0-5', 'decode-0: nodes 4 GPUs 0-1'],
  ],
  [
    'a part of several nodes of the role',
    { gpu: 'gb200', aggregated: { workers: 2, nodes: 6, gpus_per_worker: 9 } },
    ['aggregated-0: nodes 0,1,2 GPUs 0-2', 'aggregated-1: nodes 3,4,5 GPUs 0-2'],
  ],
  [
    'the first node with enough GPUs left',
    {
      prefill: { workers: 2, gpus_per_worker: 5 },
      decode: { workers: 3, gpus_per_worker: 3 },
    },
    [
      'prefill-0: nodes 0 GPUs 0-4 shared',
      'prefill-1: nodes 1 GPUs 0-4 shared',
      'decode-0: nodes 0 GPUs 5-7 shared',
      'decode-1: nodes 1 GPUs 5-7 shared',
      'decode-2: nodes 2 GPUs 0-2',
    ],
  ],
  [
    'nodes of a role alone, filled one after the other, where GPUs are left over',
    {
      prefill: { workers: 3, nodes: 2, gpus_per_worker: 3 },
      decode: { workers: 2, gpus_per_worker: 2 },
    },
    [
      'prefill-0: nodes 0 GPUs 0-2 shared',
      'prefill-1: nodes 0 GPUs 3-5 shared',
      'prefill-2: nodes 1 GPUs 0-2',
      'decode-0: nodes 2 GPUs 0-1 shared',
      'decode-1: nodes 2 GPUs 2-3 shared',
    ],
  ],
  [
    'more nodes of a role alone than its workers take',
    { prefill: { nodes: 3, gpus_per_worker: 8 }, decode: { nodes: 2, gpus_per_worker: 4 } },
    ['prefill-0: nodes 0 GPUs 0-7', 'decode-0: nodes 3 GPUs 0-3'],
  ],
  [
    'small workers spread over nodes',
    {
      prefill: { workers: 2, gpus_per_worker: 2, spread: true },
      decode: { workers: 2, nodes: 3, gpus_per_worker: 4, spread: true },
      encode: { gpus_per_worker: 1 },
    },
    [
      'prefill-0: nodes 0 GPUs 0-1',
      'prefill-1: nodes 1 GPUs 0-1',
      'decode-0: nodes 2 GPUs 0-3',
      'decode-1: nodes 3 GPUs 0-3',
      'encode-0: nodes 5 GPUs 0-0',
    ],
  ],
  [
    'GPUs of several whole nodes',
    { aggregated: { gpus_per_worker: 16 } },
    ['aggregated-0: nodes 0,1 GPUs 0-7'],
  ],
  [
    'CPU-only helpers on the head node',
    { aggregated: { nodes: 2 }, processor: {}, router: { workers: 2 } },
    [
      'aggregated-0: nodes 0,1 GPUs 0-7',
      'processor-0: nodes 0 GPUs none',
      'router-0: nodes 0 GPUs none',
      'router-1: nodes 0 GPUs none',
    ],
  ],
])('%s', (_, sections, expected) => {
  expect(spots(sections)).toEqual(expected);
});

test('a placed worker in full', () => {
  const job = sampleJob({
    prefill: {
      workers: 2,
      nodes: 4,
      tp: 'gpus',
      dp: 'gpus',
      ep: 'gpus',
      args: { 'enable-dp-attention': true },
    },
    decode: {},
  });
  expect(place(job).workers[1]).toEqual({
    name: 'prefill-1',
    role: 'prefill',
    index: 1,
    config: job.prefill,
    nodes: [2, 3],
    gpus: [0, 1, 2, 3, 4, 5, 6, 7],
    sharesNode: false,
    tp: 16,
    pp: 1,
    dp: 16,
    ep: 16,
    busy: 16,
    ports: {
      rpc: 7777,
      system: 8081,
      distInit: 29500,
      bootstrap: 30002,
      kvEvents: 5557,
      sideChannel: 5400,
      engine: 20000,
    },
  });
});

test.each([
  ['all GPUs', {}, { tp: 8, pp: 1, dp: 1, ep: 1 }],
  ['what pp leaves', { nodes: 2, pp: 2 }, { tp: 8, pp: 2, dp: 1, ep: 1 }],
  ['what replicas leave', { dp: 2 }, { tp: 4, pp: 1, dp: 2, ep: 1 }],
  [
    'all GPUs with DP attention',
    { dp: 8, args: { enable_dp_attention: true } },
    { tp: 8, pp: 1, dp: 8, ep: 1 },
  ],
  ['gpus-N', { tp: 'gpus-2', ep: 'gpus-2' }, { tp: 6, pp: 1, dp: 1, ep: 6 }],
])('tp takes %s', (_, aggregated, expected) => {
  expect(place(sampleJob({ aggregated })).workers[0]).toMatchObject(expected);
});

test.each([
  [1, 1, [0]],
  [2, 2, [0, 1]],
  [8, 3, [0, 1, 4]],
  // Upstream computed two strides here, and nginx balanced nodes 2, 6 and 10 while frontends ran on 2, 5, 8 and 11.
  [14, 5, [0, 1, 4, 7, 10]],
  [14, 4, [0, 1, 5, 9]],
  [10, 10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
])('%i nodes with %i frontends have them on %j', (nodes, frontends, expected) => {
  expect(frontendNodes(sampleJob({ frontend: { count: frontends } }), nodes)).toEqual(expected);
});

test('frontends are spread evenly, one on a node, whatever their number', () => {
  for (let nodes = 1; nodes <= 40; nodes++) {
    for (let frontends = 1; frontends <= nodes; frontends++) {
      const found = frontendNodes(sampleJob({ frontend: { count: frontends } }), nodes);
      expect(found).toHaveLength(frontends);
      expect(new Set(found).size).toBe(frontends);
      expect(found.every((node) => node >= 0 && node < nodes)).toBe(true);
      const strides = found.slice(2).map((node, index) => node - (found[index + 1] ?? 0));
      if (strides.length > 0) expect(Math.max(...strides) - Math.min(...strides)).toBeLessThanOrEqual(1);
    }
  }
});

test.each<[string, Readonly<Record<string, unknown>>, readonly number[], readonly number[], number]>([
  ['infrastructure', { infra: { dedicated_node: true } }, [1], [1, 2], 3],
  [
    'infrastructure, and frontends among the workers',
    { infra: { dedicated_node: true }, frontend: { count: 2 } },
    [1, 2],
    [1, 2],
    3,
  ],
  [
    'frontends, beside the infrastructure',
    { frontend: { count: 2, dedicated_nodes: true } },
    [0, 1],
    [2, 3],
    4,
  ],
  [
    'infrastructure and frontends',
    { infra: { dedicated_node: true }, frontend: { count: 2, dedicated_nodes: true } },
    [1, 2],
    [3, 4],
    5,
  ],
])('nodes for %s alone come before those of the workers', (_, sections, frontends, workers, nodes) => {
  const placement = place(sampleJob({ aggregated: { workers: 2 }, ...sections }));
  expect(placement.frontends.map(({ node }) => node)).toEqual(frontends);
  expect(placement.workers.flatMap((worker) => worker.nodes)).toEqual(workers);
  expect(placement.nodes).toBe(nodes);
});

test('workers without a GPU sit on the first node that has workers', () => {
  const job = sampleJob({ aggregated: { workers: 2 }, processor: {}, infra: { dedicated_node: true } });
  expect(place(job).workers.map(({ name, nodes }) => [name, nodes])).toContainEqual(['processor-0', [1]]);
});
