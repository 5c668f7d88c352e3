import { expect, test } from 'vitest';
import { argText } from '../../../../src/argument.ts';
import type { Step } from '../../../../src/plan/plan.ts';
import { planOf, sampleJob } from '../sample-job.ts';

type Sections = Parameters<typeof sampleJob>[0];

function step(name: string, sections: Sections, cluster: Sections = {}): Step {
  const found = planOf(sampleJob(sections, cluster)).steps.find((one) => one.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

function command(name: string, sections: Sections, cluster: Sections = {}): string {
  return step(name, sections, cluster).argv.map(argText).join(' ');
}

const PAIR = { prefill: { nodes: 1 }, decode: { nodes: 2 } };
const MODEL = '--model-path /models/m --served-model-name m';
const PLANES = '--request-plane tcp --event-plane nats';

test('a worker on one node', () => {
  expect(command('aggregated-0', { aggregated: { nodes: 1, args: { 'page-size': 64 } } })).toBe(
    `python3 -m dynamo.sglang ${MODEL} --tp-size 8 ${PLANES} --page-size 64`,
  );
});

test('prefill and decode, of one node and of two', () => {
  expect(command('prefill-0', PAIR)).toBe(
    `python3 -m dynamo.sglang ${MODEL} --disaggregation-mode prefill --disaggregation-bootstrap-port 30001 ` +
      '--dist-init-addr ${NODE_IP[0]}:29500 --nnodes 1 --node-rank 0 ' +
      `--tp-size 8 --host \${SELF_IP} ${PLANES}`,
  );
  expect(command('decode-0', PAIR)).toBe(
    `python3 -m dynamo.sglang ${MODEL} --disaggregation-mode decode --disaggregation-bootstrap-port 30001 ` +
      '--dist-init-addr ${NODE_IP[1]}:29500 --nnodes 2 --node-rank ${NODE_RANK} ' +
      `--tp-size 16 --host \${SELF_IP} ${PLANES}`,
  );
});

test('the second prefill worker listens on the next bootstrap port, and decode names the first', () => {
  const sections = { prefill: { workers: 2, nodes: 2 }, decode: { nodes: 1 } };
  expect(command('prefill-1', sections)).toContain(' --disaggregation-bootstrap-port 30002 ');
  expect(command('decode-0', sections)).toContain(' --disaggregation-bootstrap-port 30001 ');
});

test('workers that share a node meet at ports of their own', () => {
  const aggregated = { workers: 2, gpus_per_worker: 2 };
  expect(command('aggregated-1', { aggregated })).toBe(
    `python3 -m dynamo.sglang ${MODEL} --dist-init-addr \${NODE_IP[0]}:29520 --nnodes 1 --node-rank 0 ` +
      `--tp-size 2 ${PLANES}`,
  );
});

test('with DP attention they have an NCCL port as well', () => {
  const aggregated = { workers: 2, gpus_per_worker: 2, dp: 'gpus', args: { 'enable-dp-attention': true } };
  expect(command('aggregated-1', { aggregated })).toContain('--nccl-port 29527 --tp-size 2 --dp-size 2');
});

test('plain data parallel ranks on one node find their own ports', () => {
  expect(command('aggregated-0', { aggregated: { workers: 2, gpus_per_worker: 4, dp: 2 } })).toBe(
    `python3 -m dynamo.sglang ${MODEL} --tp-size 2 --dp-size 2 ${PLANES}`,
  );
});

test.each([
  ['0.3.2', 'decode-0', 'dynamo.sglang.components.decode_worker'],
  ['0.3.2', 'prefill-0', 'dynamo.sglang'],
  ['0.4.0', 'decode-0', 'dynamo.sglang.decode_worker'],
  ['0.4.0', 'prefill-0', 'dynamo.sglang.worker'],
  ['0.4.1', 'decode-0', 'dynamo.sglang'],
  ['1.6.1', 'prefill-0', 'dynamo.sglang'],
])('Dynamo %s: %s runs %s', (version, name, module) => {
  expect(step(name, { ...PAIR, dynamo: { version } }).argv.slice(0, 3)).toEqual(['python3', '-m', module]);
});

test('a module of one’s own', () => {
  const aggregated = { nodes: 1, module: 'my.engine' };
  expect(step('aggregated-0', { aggregated }).argv.slice(0, 3)).toEqual(['python3', '-m', 'my.engine']);
});

test.each([
  ['1.6.1', '--disaggregation-mode prefill --bootstrap-ports 30001 --request-plane tcp --event-plane nats'],
  ['1.0.2', '--disaggregation-mode prefill --bootstrap-ports 30001 --request-plane tcp'],
  ['0.9.1', '--is-prefill-worker --bootstrap-ports 30001 --request-plane tcp'],
  ['0.6.1', '--is-prefill-worker'],
])('dynamo.mocker of %s has its own options', (version, options) => {
  const prefill = { nodes: 1, module: 'dynamo.mocker', args: { 'speedup-ratio': 2 } };
  const argv = step('prefill-0', { prefill, decode: { nodes: 1 }, dynamo: { version } }).argv.map(argText);
  expect(argv.join(' ')).toBe(
    `python3 -m dynamo.mocker --model-path /models/m --model-name m ${options} --speedup-ratio 2`,
  );
});

test('Dynamo’s own options', () => {
  const dynamo = {
    migration_limit: 3,
    tool_call_parser: 'deepseek_v3',
    reasoning_parser: 'deepseek_r1',
    custom_jinja_template: '/templates/chat.jinja',
    sglang_tokenizer: true,
  };
  const aggregated = { nodes: 1, endpoint: 'dyn://dynamo.other.generate' };
  const options =
    '--dyn-tool-call-parser deepseek_v3 --dyn-reasoning-parser deepseek_r1 ' +
    '--custom-jinja-template /templates/chat.jinja --use-sglang-tokenizer';
  expect(command('aggregated-0', { aggregated, dynamo })).toBe(
    `python3 -m dynamo.sglang ${MODEL} --tp-size 8 --endpoint dyn://dynamo.other.generate ${PLANES} ${options}`,
  );
  expect(command('aggregated-0', { aggregated, dynamo: { ...dynamo, version: '0.9.1' } })).toBe(
    `python3 -m dynamo.sglang ${MODEL} --tp-size 8 --endpoint dyn://dynamo.other.generate ${PLANES} ${options} ` +
      '--migration-limit 3',
  );
});

test('KV cache events on the worker’s own port', () => {
  const aggregated = { workers: 2, gpus_per_worker: 1, kv_events: true };
  expect(step('aggregated-1', { aggregated, frontend: { router_mode: 'kv' } }).argv.map(argText)).toContain(
    '{"publisher":"zmq","topic":"kv-events","endpoint":"tcp://*:5558"}',
  );
});

test('a host of one’s own, in args or among further words', () => {
  const decode = { nodes: 1 };
  expect(command('prefill-0', { prefill: { nodes: 1, args: { host: '::' } }, decode })).toMatch(
    / --host ::$/,
  );
  expect(command('prefill-0', { prefill: { nodes: 1, flags: ['--host=::'] }, decode })).toMatch(
    / --host=::$/,
  );
});

test('what is dyn-slurm’s to write is written once', () => {
  const aggregated = {
    nodes: 1,
    args: { 'model-path': '/models/m', 'tensor-parallel-size': 8, 'page-size': 1 },
    flags: ['--served-model-name', 'm', '--log-level', 'debug', '--engine-route', 'a', '--engine-route', 'b'],
  };
  expect(command('aggregated-0', { aggregated })).toBe(
    `python3 -m dynamo.sglang ${MODEL} --tp-size 8 ${PLANES} --page-size 1 --log-level debug --engine-route a --engine-route b`,
  );
});

test.each([
  ['prefill', '1.6.1', undefined, 'prefill'],
  ['encode', '1.6.1', undefined, 'encode'],
  ['encode', '1.2.1', undefined, undefined],
  ['aggregated', '1.6.1', undefined, undefined],
  ['aggregated', '1.6.1', { 'dedicated-mm-encoder': true }, 'pd'],
  ['aggregated', '1.2.1', { 'dedicated-mm-encoder': true }, undefined],
])('%s of Dynamo %s with %j disaggregates as %s', (role, version, args, mode) => {
  const rest = role === 'prefill' ? { decode: { nodes: 1 } } : { aggregated: { nodes: 1 } };
  const { argv } = step(`${role}-0`, {
    ...rest,
    [role]: { nodes: 1, ...(args && { args }) },
    dynamo: { version },
  });
  const at = argv.indexOf('--disaggregation-mode');
  expect(at === -1 ? undefined : argv[at + 1]).toBe(mode);
});

test('environment: the node’s address, its own ports, and the user’s last', () => {
  const aggregated = {
    workers: 2,
    gpus_per_worker: 2,
    env: { MC_TE_METRIC: true, NCCL_SOCKET_IFNAME: 'ib0' },
  };
  const { env } = step('aggregated-1', { aggregated, infra: { event_plane: 'zmq' } }, { interface: 'eth3' });
  expect(Object.fromEntries(Object.entries(env).map(([name, word]) => [name, argText(word)]))).toEqual({
    ETCD_ENDPOINTS: 'http://${NODE_IP[0]}:2379',
    DYN_NAMESPACE: 'dynamo',
    DYN_SYSTEM_HOST: '${SELF_IP}',
    DYN_SYSTEM_PORT: '8082',
    DYN_TCP_RPC_HOST: '${SELF_IP}',
    DYN_TCP_RPC_PORT: '7778',
    DYN_TCP_RESPONSE_STREAM_HOST: '${SELF_IP}',
    DYN_EVENT_PLANE_HOST: '${SELF_IP}',
    DYN_SDK_DISABLE_ANSI_LOGGING: '1',
    DYN_HEALTH_CHECK_ENABLED: 'true',
    DYN_CANARY_WAIT_TIME: '15',
    DYN_HEALTH_CHECK_REQUEST_TIMEOUT: '60',
    PYTHONUNBUFFERED: '1',
    SGLANG_HOST_IP: '${SELF_IP}',
    CUDA_VISIBLE_DEVICES: '2,3',
    NCCL_SOCKET_IFNAME: 'ib0',
    MC_TE_METRIC: 'true',
  });
});

test('secrets are apart from the environment', () => {
  const aggregated = { nodes: 1, env: { HF_TOKEN: { from_env: 'HF_TOKEN' }, A: 'b' } };
  const { env, secrets } = step('aggregated-0', { aggregated });
  expect(secrets).toEqual({ HF_TOKEN: { from_env: 'HF_TOKEN' } });
  expect(env).not.toHaveProperty('HF_TOKEN');
});

test.each([
  [{}, undefined],
  [{ numa: true }, 'true'],
  [{ numa: false }, 'false'],
])('SGLang binds its processes near their GPUs where %j says so', (aggregated, expected) => {
  expect(step('aggregated-0', { aggregated }).env.SGLANG_AUTO_NUMA_BIND).toBe(expected);
});
