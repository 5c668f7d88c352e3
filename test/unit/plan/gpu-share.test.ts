import { expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { planJob } from '../../../src/plan/assemble.ts';
import { planOf, sampleJob } from './sample-job.ts';

type Sections = Readonly<Record<string, unknown>>;

const OF_TWO = { args: { 'mem-fraction-static': 0.45 } };

/** `prefill-0 0: 0.5 of 1, 0.425` for each worker: its node, its part, its GPU, and its last argument. */
function shares(sections: Sections, cluster: Sections = { gpus_per_node: 2 }): readonly string[] {
  const { workers, steps } = planOf(sampleJob(sections, cluster));
  return workers.map(({ name, nodes, gpus, gpuShare }) => {
    const step = steps.find((one) => one.name === name);
    const [flag, value] = (step?.argv ?? []).slice(-2).map(argText);
    return `${name} ${nodes}: ${gpuShare} of ${gpus} (${step?.env.CUDA_VISIBLE_DEVICES}), ${flag} ${value}`;
  });
}

const MEMORY = '--mem-fraction-static ${GPU_MEMORY}';

test.each<[string, Sections, readonly string[]]>([
  [
    'prefill and decode on one GPU',
    { prefill: { gpu_share: 0.3 }, decode: { gpu_share: 0.7 } },
    [`prefill-0 0: 0.3 of 0 (0), ${MEMORY}`, `decode-0 0: 0.7 of 0 (0), ${MEMORY}`],
  ],
  [
    'as many as fit, GPU by GPU and node by node',
    { aggregated: { workers: 7, gpu_share: 0.34 } },
    ['0 0 0', '1 0 0', '2 0 1', '3 0 1', '4 1 0', '5 1 0', '6 1 1'].map((text) => {
      const [index, node, gpu] = text.split(' ');
      return `aggregated-${index} ${node}: 0.34 of ${gpu} (${gpu}), ${MEMORY}`;
    }),
  ],
  [
    'ten tenths are one GPU',
    { aggregated: { workers: 10, gpu_share: 0.1 } },
    Array.from({ length: 10 }, (_, index) => `aggregated-${index} 0: 0.1 of 0 (0), ${MEMORY}`),
  ],
  [
    'what is left of a GPU, before another one',
    { prefill: { workers: 2, gpu_share: 0.6 }, decode: { workers: 2, gpu_share: 0.4 } },
    [
      `prefill-0 0: 0.6 of 0 (0), ${MEMORY}`,
      `prefill-1 0: 0.6 of 1 (1), ${MEMORY}`,
      `decode-0 0: 0.4 of 0 (0), ${MEMORY}`,
      `decode-1 0: 0.4 of 1 (1), ${MEMORY}`,
    ],
  ],
  [
    'nodes of the role alone, and one worker on each',
    {
      prefill: { workers: 3, nodes: 1, gpu_share: 0.5 },
      decode: { workers: 2, gpu_share: 0.5, spread: true },
    },
    [
      `prefill-0 0: 0.5 of 0 (0), ${MEMORY}`,
      `prefill-1 0: 0.5 of 0 (0), ${MEMORY}`,
      `prefill-2 0: 0.5 of 1 (1), ${MEMORY}`,
      `decode-0 1: 0.5 of 0 (0), ${MEMORY}`,
      `decode-1 2: 0.5 of 0 (0), ${MEMORY}`,
    ],
  ],
  [
    'vLLM, whose argument is a part of the whole GPU',
    { engine: { type: 'vllm' }, aggregated: { workers: 2, gpu_share: 0.5 } },
    [0, 1].map((index) => `aggregated-${index} 0: 0.5 of 0 (0), --gpu-memory-utilization 0.425`),
  ],
  [
    'TensorRT-LLM',
    { engine: { type: 'trtllm' }, aggregated: { workers: 2, gpu_share: 0.5 } },
    [0, 1].map((index) => `aggregated-${index} 0: 0.5 of 0 (0), --free-gpu-memory-fraction \${GPU_MEMORY}`),
  ],
  [
    'an argument of the config stays',
    { aggregated: { workers: 2, gpu_share: 0.5, args: { mem_fraction_static: 0.4 } } },
    [0, 1].map((index) => `aggregated-${index} 0: 0.5 of 0 (0), --mem-fraction-static 0.4`),
  ],
])('%s', (_, sections, expected) => {
  expect(shares(sections)).toEqual(expected);
});

test('a machine with one GPU; a GPU that is shared counts once', () => {
  const sections = { prefill: { gpu_share: 0.5 }, decode: { gpu_share: 0.5 } };
  const { gpus, nodes, steps } = planOf(sampleJob(sections, { gpus_per_node: 1 }));
  expect(gpus).toEqual({ model: 'h100', perNode: 1, total: 1, used: 1 });
  expect(nodes.map(({ gpusUsed }) => gpusUsed)).toEqual([1]);
  expect(steps.filter(({ kind }) => kind === 'worker').map(({ share }) => share)).toEqual([
    {
      gpu: 0,
      budget: 425,
      of: 'free',
      planned: '0.425',
      loaded: 'max_total_num_tokens=[0-9]',
      model: '/models/m',
    },
    {
      gpu: 0,
      budget: 425,
      of: 'free',
      planned: '0.85',
      loaded: 'max_total_num_tokens=[0-9]',
      model: '/models/m',
    },
  ]);
});

test.each<[string, Sections, string, string]>([
  [
    'workers of several GPUs',
    { aggregated: { gpu_share: 0.5, gpus_per_worker: 2 } },
    'aggregated.gpu_share',
    'is a part of one GPU, but each aggregated worker has 2 GPUs',
  ],
  [
    'a helper without a GPU',
    { aggregated: {}, router: { gpu_share: 0.5 } },
    'router.gpu_share',
    'router workers run without a GPU',
  ],
  [
    'tensor parallel ranks',
    { aggregated: { gpu_share: 0.5, tp: 2 } },
    'aggregated.tp',
    'tp is 2, but each aggregated worker has 1 GPU',
  ],
  [
    'too much of the whole GPU',
    { prefill: { gpu_share: 0.4, ...OF_TWO }, decode: { gpu_share: 0.6 } },
    'prefill.args.mem-fraction-static',
    'is 0.45 of the whole GPU, but prefill.gpu_share is 0.4',
  ],
  [
    'too much of what is left',
    { prefill: { gpu_share: 0.5 }, decode: { gpu_share: 0.3, args: { 'mem-fraction-static': 0.9 } } },
    'decode.args.mem-fraction-static',
    'is 0.9 of what the workers before it leave free, so 0.45 of the GPU, but decode.gpu_share is 0.3',
  ],
  [
    'too much in extra words',
    {
      engine: { type: 'vllm' },
      aggregated: { workers: 2, gpu_share: 0.5, flags: ['--gpu-memory-utilization=0.9'] },
    },
    'aggregated.flags.0',
    'is 0.9 of the whole GPU, but aggregated.gpu_share is 0.5',
  ],
  [
    'a map of TensorRT-LLM without the fraction',
    {
      engine: { type: 'trtllm' },
      aggregated: { workers: 2, gpu_share: 0.5, args: { kv_cache_config: { dtype: 'fp8' } } },
    },
    'aggregated.args.kv_cache_config',
    'aggregated workers share a GPU, and TensorRT-LLM takes 0.9 of what is free where kv_cache_config.free_gpu_memory_fraction is not set',
  ],
  [
    'less than an engine needs',
    { aggregated: { workers: 50, gpu_share: 0.02 } },
    'aggregated.gpu_share',
    '0.02 of 80 GB are 1.6 GB, less than CUDA and an engine need for themselves',
  ],
])('%s is refused', (_, sections, path, message) => {
  const { plan, problems } = planJob(sampleJob(sections));
  const errors = problems.filter(({ severity }) => severity === 'error');
  expect(plan).toBeUndefined();
  expect(errors.map((one) => [one.path.join('.'), one.message])).toEqual([[path, message]]);
});

test('a part of a GPU that nobody gets is a warning', () => {
  const { problems } = planJob(
    sampleJob({ aggregated: { workers: 2, gpu_share: 0.6 } }, { gpus_per_node: 2 }),
  );
  expect(problems.map(({ message }) => message)).toEqual([
    'the shares of a GPU add up to 0.6: the rest of it stays unused',
  ]);
});
