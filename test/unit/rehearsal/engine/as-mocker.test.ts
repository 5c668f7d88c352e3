import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../world.ts';
import { type Called, makeNode, python, start } from './node.ts';

const MODEL = join(packageRoot, 'rehearsal/model');

const common = '--model-path /models/DeepSeek-R1 --served-model-name deepseek-ai/DeepSeek-R1';

/** A command of a worker, what dynamo.mocker gets for it, and what the log says. */
const commands: readonly [name: string, command: string, mocker: string, line: string][] = [
  [
    'the prefill leader of WideEP on H100',
    `dynamo.sglang ${common} --disaggregation-mode prefill --disaggregation-bootstrap-port 30001 --dist-init-addr 127.0.70.1:29500 --nnodes 4 --node-rank 0 --tp-size 32 --dp-size 32 --host 0.0.0.0 --request-plane tcp --event-plane nats --skip-tokenizer-init --disaggregation-transfer-backend nixl --enable-dp-attention --page-size 1 --disable-radix-cache --deepep-config /configs/deepep.json --mem-fraction-static 0.85`,
    '--model-name deepseek-ai/DeepSeek-R1 --engine-type sglang --disaggregation-mode prefill --data-parallel-size 32 --speedup-ratio 1 --num-gpu-blocks-override 1048576 --request-plane tcp --event-plane nats --block-size 1 --no-enable-prefix-caching --bootstrap-ports PORT',
    'dynamo.sglang stands in as dynamo.mocker: prefill, dp 32, 4 arguments ignored: --skip-tokenizer-init --disaggregation-transfer-backend --deepep-config --mem-fraction-static\nrehearsal: nodes share this machine, so port PORT serves in place of bootstrap port 30001',
  ],
  [
    'a decode leader of FP4 on GB200, whose limits are for all ranks together',
    `dynamo.sglang ${common} --disaggregation-mode decode --disaggregation-bootstrap-port 30001 --dist-init-addr 127.0.70.1:29500 --nnodes 12 --node-rank 0 --tp-size 48 --dp-size 48 --ep-size 48 --enable-dp-attention --chunked-prefill-size 786432 --max-running-requests 67584 --context-length 2176 --kv-cache-dtype fp8_e4m3 --max-prefill-tokens 65536 --schedule-policy fcfs --schedule-conservativeness 1.3 --cuda-graph-bs 1 2 4 8`,
    '--model-name deepseek-ai/DeepSeek-R1 --engine-type sglang --disaggregation-mode decode --data-parallel-size 48 --speedup-ratio 1 --max-num-seqs 1408 --num-gpu-blocks-override 1048576 --max-model-len 2176 --sglang-max-prefill-tokens 65536 --sglang-schedule-policy fifo --sglang-schedule-conservativeness 1.0 --kv-cache-dtype fp8_e4m3',
    'dynamo.sglang stands in as dynamo.mocker: decode, dp 48, 1 argument ignored: --cuda-graph-bs',
  ],
  [
    'one aggregated worker, without a mode or a served name',
    'dynamo.sglang --model-path Qwen/Qwen3-0.6B --tp 1 --page-size=16 --max-total-tokens 32000 --endpoint dyn://dynamo.backend.generate --trust-remote-code',
    '--model-name Qwen/Qwen3-0.6B --engine-type sglang --disaggregation-mode agg --data-parallel-size 1 --speedup-ratio 1 --num-gpu-blocks-override 2000 --endpoint dyn://dynamo.backend.generate --block-size 16',
    'dynamo.sglang stands in as dynamo.mocker: agg, dp 1, 1 argument ignored: --trust-remote-code',
  ],
  [
    'a prefill worker of vLLM',
    'dynamo.vllm --model /m --served-model-name x --disaggregation-mode prefill --tensor-parallel-size 4 --kv-transfer-config {"kv_connector":"NixlConnector"} --request-plane tcp --event-plane nats --block-size 64 --max-model-len auto --no-enable-prefix-caching --max-num-seqs 128 --async-scheduling',
    '--model-name x --engine-type vllm --disaggregation-mode prefill --data-parallel-size 1 --speedup-ratio 1 --num-gpu-blocks-override 16384 --request-plane tcp --event-plane nats --block-size 64 --max-num-seqs 128 --no-enable-prefix-caching',
    'dynamo.vllm stands in as dynamo.mocker: prefill, dp 1, 2 arguments ignored: --kv-transfer-config --async-scheduling',
  ],
  [
    'the second node of a vLLM worker with data parallel ranks on each',
    'dynamo.vllm --model /m --served-model-name x --data-parallel-size 8 --data-parallel-size-local 4 --data-parallel-address 127.0.70.9 --data-parallel-rpc-port 29508 --data-parallel-hybrid-lb --data-parallel-start-rank 4 --enable-expert-parallel',
    '--model-name x --engine-type vllm --disaggregation-mode agg --data-parallel-size 4 --speedup-ratio 1 --num-gpu-blocks-override 65536',
    'dynamo.vllm stands in as dynamo.mocker: agg, dp 4',
  ],
  [
    'the spelling of Dynamo 0.8 for a prefill worker of vLLM',
    'dynamo.vllm --model /m --served-model-name x --is-prefill-worker',
    '--model-name x --engine-type vllm --disaggregation-mode prefill --data-parallel-size 1 --speedup-ratio 1 --num-gpu-blocks-override 65536',
    'dynamo.vllm stands in as dynamo.mocker: prefill, dp 1',
  ],
  [
    'the spelling of Dynamo 0.4 for a decode worker',
    `dynamo.sglang.decode_worker ${common} --tp-size 16 --dp-size 16 --max-running-requests 512 --chunked-prefill-size -1`,
    '--model-name deepseek-ai/DeepSeek-R1 --engine-type sglang --disaggregation-mode decode --data-parallel-size 16 --speedup-ratio 1 --max-num-seqs 512 --num-gpu-blocks-override 1048576',
    'dynamo.sglang.decode_worker stands in as dynamo.mocker: decode, dp 16',
  ],
];

describe('an engine of a rehearsed node', () => {
  test.each(commands)('%s', (_, command, mocker, line) => {
    const ended = python(makeNode('127.0.70.1'), ['-m', ...command.split(' ')]);
    const { argv, offline } = JSON.parse(ended.stdout) as Called;
    const [, bootstrap = ''] = /--bootstrap-ports (\d+)$/.exec(argv.join(' ')) ?? [];
    expect(ended.stderr).toBe(`rehearsal: ${line.replace('PORT', bootstrap)}\n`);
    expect(argv).toEqual(['--model-path', MODEL, ...mocker.replace('PORT', bootstrap).split(' ')]);
    expect(offline).toBe('1');
    expect(ended.status).toBe(0);
  });

  test('takes the speed-up, and a namespace as Dynamo takes it', () => {
    const node = makeNode('127.0.70.2');
    node.env.DYN_SLURM_SPEEDUP = '20';
    const ended = python(node, ['-m', 'dynamo.sglang', '--model-path', '/m', '--namespace', 'blue']);
    const { argv, namespace } = JSON.parse(ended.stdout) as Called;
    expect(argv.slice(argv.indexOf('--speedup-ratio'))).toEqual([
      ...['--speedup-ratio', '20', '--num-gpu-blocks-override', '1048576'],
    ]);
    expect(namespace).toBe('blue');
  });

  test.each([
    ['dynamo.sglang --disaggregation-mode chew', '--disaggregation-mode chew has no stand-in'],
    [
      'dynamo.vllm --omni',
      '--omni has no stand-in: mock engines answer text, embeddings, rankings and classes only',
    ],
    [
      'dynamo.vllm.worker --model m',
      'dynamo.vllm.worker has no stand-in: a rehearsal knows dynamo.sglang, dynamo.sglang.worker, dynamo.sglang.decode_worker, sglang.launch_server, dynamo.vllm, dynamo.trtllm, dynamo.mocker',
    ],
    [
      'sglang.bench_one_batch --model m',
      'sglang.bench_one_batch has no stand-in: a rehearsal knows dynamo.sglang, dynamo.sglang.worker, dynamo.sglang.decode_worker, sglang.launch_server, dynamo.vllm, dynamo.trtllm, dynamo.mocker',
    ],
  ])('%s is refused', (command, why) => {
    const ended = python(makeNode('127.0.70.3'), ['-m', ...command.split(' ')]);
    expect(ended).toEqual({ status: 2, stdout: '', stderr: `rehearsal: ${why}\n` });
  });

  test('a decode worker of vLLM before Dynamo 1.0 is known by its step', () => {
    const node = makeNode('127.0.70.4');
    node.env.SLURM_JOB_NAME = 'decode-1';
    const ended = python(node, ['-m', 'dynamo.vllm', '--model', '/m']);
    expect(ended.stderr).toBe('rehearsal: dynamo.vllm stands in as dynamo.mocker: decode, dp 1\n');
  });

  test.each([
    ['prefill-0', '--model /m', 'dynamo.mocker: agg, dp 1'],
    [
      'aggregated-0',
      '--model /m --embedding-worker --trust-remote-code',
      'a mock engine: embeddings, 1 argument ignored: --trust-remote-code',
    ],
    ['aggregated-0', '--model /m --classify-worker', 'a mock engine: classes'],
    [
      'encode-0',
      '--model /m --enable-multimodal --disaggregation-mode encode',
      'a mock engine: an encoder that registers and encodes nothing, 1 argument ignored: --enable-multimodal',
    ],
    [
      'encode-0',
      '--model /m --multimodal-encode-worker',
      'a mock engine: an encoder that registers and encodes nothing',
    ],
  ])('%s with %s stands in as %s', (step, words, line) => {
    const node = makeNode('127.0.70.4');
    node.env.SLURM_JOB_NAME = step;
    // What answers needs Dynamo's runtime, which this node has not.
    const { stderr } = python(node, ['-m', 'dynamo.vllm', ...words.split(' ')]);
    expect(stderr.split('\n')[0]).toBe(`rehearsal: dynamo.vllm stands in as ${line}`);
  });

  test('a processor stands and does nothing until it is told to end', async () => {
    const node = makeNode('127.0.70.4');
    node.env.SLURM_JOB_NAME = 'processor-0';
    const child = start(node, ['-m', 'dynamo.sglang', '--model-path', '/m', '--multimodal-processor']);
    const [said] = await once(child.stderr as NodeJS.EventEmitter, 'data');
    expect(String(said)).toBe(
      'rehearsal: dynamo.sglang stands in as a mock engine: a processor that does nothing\n',
    );
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
  });

  test('what is no engine runs as it is', () => {
    const node = makeNode('127.0.70.4');
    expect(python(node, ['script.py'])).toEqual({ status: 0, stdout: 'a script\n', stderr: '' });
  });

  test("a dynamo.mocker of the job's own has the tiny model", () => {
    const node = makeNode('127.0.70.4');
    const given = ['--model-path', '/models/r1', '--model-name', 'r1', '--disaggregation-mode', 'decode'];
    const ended = python(node, ['-m', 'dynamo.mocker', ...given, '--speedup-ratio', '3', '--no-enable-x']);
    expect((JSON.parse(ended.stdout) as Called).argv.join(' ')).toMatch(
      /^--model-path \S+\/rehearsal\/model --disaggregation-mode decode --data-parallel-size 1 --speedup-ratio 3 --model-name r1 --no-enable-x$/,
    );
  });

  test('without tools says where they come from', () => {
    const node = makeNode('127.0.70.5');
    delete node.env.DYN_SLURM_TOOLS;
    const ended = python(node, ['-m', 'dynamo.frontend']);
    expect(ended.status).not.toBe(0);
    expect(ended.stderr).toContain('DYN_SLURM_TOOLS: the tools of a rehearsal; see dyn-slurm setup');
  });
});
