import { expect, test } from 'vitest';
import { filtered, type TopologyFilters } from '../../../../src/cli/commands/config/topology-filter.ts';
import { DynSlurmError, errorText } from '../../../../src/errors.ts';

const NOW = new Date('2026-11-30T12:00:00Z');

function topology(name: string, model: string, gpu: string, engine: string, goal: string, date: string) {
  return { name, model, gpu, engine, goal, source: { date } } as Parameters<typeof filtered>[0][number];
}

const ALL = [
  topology('one', 'deepseek-ai/DeepSeek-R1', 'h100', 'sglang', 'throughput', '2026-01-30'),
  topology('two', 'moonshotai/Kimi-K3', 'gb300', 'vllm', 'throughput', '2026-08'),
  topology('three', 'nvidia/DeepSeek-R1-FP4', 'gb300', 'trtllm', 'latency', '2026-09-01'),
  topology('four', 'Qwen/Qwen3-0.6B', 'any', 'sglang', 'example', '2026-11'),
];

const names = (filters: TopologyFilters) => filtered(ALL, filters, NOW).map(({ name }) => name);

test.each<[TopologyFilters, readonly string[]]>([
  [{}, ['one', 'two', 'three', 'four']],
  [{ model: 'deepseek' }, ['one', 'three']],
  [{ model: 'DeepSeek_R1' }, ['one', 'three']],
  [{ model: 'moonshotai/kimi-k3' }, ['two']],
  [{ model: 'kimik3' }, ['two']],
  [{ gpu: 'GB300' }, ['two', 'three']],
  [{ gpu: 'any' }, ['four']],
  [{ engine: 'sglang' }, ['one', 'four']],
  [{ goal: 'throughput' }, ['one', 'two']],
  [{ gpu: 'gb300', goal: 'latency', model: 'r1' }, ['three']],
  // Of a month, the first day counts.
  [{ newerThan: { day: '2026-08-01' } }, ['two', 'three', 'four']],
  [{ newerThan: { day: '2026-08-02' } }, ['three', 'four']],
  [{ newerThan: { seconds: 90 * 86400 } }, ['three', 'four']],
  [{ newerThan: { seconds: 89 * 86400 } }, ['four']],
])('%j leaves %j', (filters, expected) => {
  expect(names(filters)).toEqual(expected);
});

test.each<[TopologyFilters, string]>([
  [
    { model: 'qwn3-0.6b' },
    `no topology serves a model whose name has "qwn3-0.6b"; did you mean "Qwen3-0.6B"?
  hint: there are topologies for Qwen3-0.6B, DeepSeek-R1, Kimi-K3 and DeepSeek-R1-FP4
`,
  ],
  [
    { gpu: 'h10' },
    `no topology is for the GPU model "h10"; did you mean "h100"?
  hint: there are topologies for any, gb300 and h100
`,
  ],
  // A model that the table has, and no topology.
  [
    { gpu: 'b200' },
    `no topology is for the GPU model "b200"
  hint: there are topologies for any, gb300 and h100
`,
  ],
  [
    { engine: 'tensorrt' },
    `no topology runs the engine "tensorrt"
  hint: there are topologies for sglang, trtllm and vllm
`,
  ],
  [
    { goal: 'througput', gpu: 'h100' },
    `no topology has the goal "througput"; did you mean "throughput"?
  hint: there are topologies for example, latency and throughput
`,
  ],
  [
    { newerThan: { seconds: 86400 } },
    `no topology is from 2026-11-29 or later
  hint: the newest is four, from 2026-11
`,
  ],
  [
    { model: 'r1', engine: 'vllm' },
    `no topology fits --model r1 and --engine vllm together
  hint: without --model r1 there is two; without --engine vllm there are 2 topologies
`,
  ],
  [
    { model: 'kimi', engine: 'trtllm', gpu: 'h100', newerThan: { seconds: 200 * 86400 } },
    `no topology fits --model kimi, --gpu h100, --engine trtllm and --newer-than 200d together
  hint: \`dyn-slurm topologies\` lists them all
`,
  ],
])('%j fits nothing, and the error says what there is', (filters, text) => {
  const error = thrown(() => names(filters));
  expect([error.code, errorText(error)]).toEqual(['usage', text]);
});

function thrown(work: () => unknown): DynSlurmError {
  try {
    work();
  } catch (error) {
    if (error instanceof DynSlurmError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
