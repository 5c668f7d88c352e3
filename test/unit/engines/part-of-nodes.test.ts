import { expect, test } from 'vitest';
import { argText } from '../../../src/argument.ts';
import { planOf, sampleJob } from '../plan/sample-job.ts';

type Sections = Parameters<typeof sampleJob>[0];

/** What the worker's nodes run, with the GPUs that each sees before it. */
function commands(sections: Sections): readonly string[] {
  const { processes } = planOf(sampleJob(sections));
  return processes
    .filter(({ kind }) => kind === 'worker')
    .map(
      ({ nodeIndex, argv, env }) =>
        `${nodeIndex}: ${argText(env.CUDA_VISIBLE_DEVICES ?? '')} ${argv.map(argText).join(' ')}`,
    );
}

const DYNAMO = '--request-plane tcp --event-plane nats';
const aggregated = (more: Sections) => ({ aggregated: { gpus_per_worker: 12, ...more } });

test('SGLang: 12 GPUs on nodes of 8 are 6 ranks on each', () => {
  const all = (rank: number) =>
    `${rank}: 0,1,2,3,4,5 python3 -m dynamo.sglang --model-path /models/m --served-model-name m --dist-init-addr \${NODE_IP[0]}:29500 --nnodes 2 --node-rank ${rank} --tp-size 12 ${DYNAMO}`;
  expect(commands(aggregated({ tp: 'gpus' }))).toEqual([all(0), all(1)]);
});

test('vLLM: one replica, or ranks that fit into a node', () => {
  const start = '0,1,2,3,4,5 python3 -m dynamo.vllm --model /models/m --served-model-name m';
  const replica = (rank: number) =>
    `${rank}: ${start} --master-addr \${NODE_IP[0]} --master-port 29500 --nnodes 2 --node-rank ${rank} --tensor-parallel-size 6 --pipeline-parallel-size 2 ${DYNAMO}`;
  const vllm = { engine: { type: 'vllm' } };
  expect(commands({ ...vllm, ...aggregated({ tp: 6, pp: 2 }) })).toEqual([
    replica(0),
    `${replica(1)} --headless`,
  ]);
  const ranks = (rank: number) =>
    `${rank}: ${start} --data-parallel-size 6 --data-parallel-size-local 3 --data-parallel-address \${NODE_IP[0]} --data-parallel-rpc-port 29508 --data-parallel-hybrid-lb --tensor-parallel-size 2 ${DYNAMO} --data-parallel-start-rank ${rank * 3}`;
  expect(commands({ ...vllm, ...aggregated({ tp: 2, dp: 6 }) })).toEqual([ranks(0), ranks(1)]);
});

test('TensorRT-LLM: as many tasks on each node as it has GPUs', () => {
  const job = sampleJob({
    gpu: 'gb200',
    engine: { type: 'trtllm' },
    aggregated: { gpus_per_worker: 6, tp: 6 },
  });
  const step = planOf(job).steps.find(({ kind }) => kind === 'worker');
  expect(step?.srun.map(argText).slice(0, 4)).toEqual([
    'srun',
    '--nodes=2',
    '--ntasks=6',
    '--ntasks-per-node=3',
  ]);
  expect(step?.argv.map(argText).join(' ')).toBe(
    `trtllm-llmapi-launch python3 -m dynamo.trtllm --model-path /models/m --served-model-name m --extra-engine-args \${RUN_DIR}/steps/engine-aggregated.yaml ${DYNAMO}`,
  );
  expect(step?.files).toEqual({ 'engine-aggregated.yaml': 'tensor_parallel_size: 6\n' });
  expect(step?.env.CUDA_VISIBLE_DEVICES).toBe('0,1,2');
});
