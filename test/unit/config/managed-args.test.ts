import { expect, test } from 'vitest';
import type { Role } from '../../../src/config/schema/role.ts';
import { checkManagedArgs } from '../../../src/plan/rules/managed-args.ts';
import { sampleJob } from '../plan/sample-job.ts';

type Sections = Parameters<typeof sampleJob>[0];

const ROLE = { workers: 2, nodes: 8, tp: 'gpus', dp: 'gpus', kv_events: true };
const JOB = {
  prefill: ROLE,
  decode: { ...ROLE, kv_events: false, endpoint: 'dyn://dynamo.backend.generate' },
  dynamo: { tool_call_parser: 'deepseek_v3', migration_limit: 3, namespace: 'r1' },
};

/** `path: message | hint` of what the role's further settings are told. */
function said(role: Role, settings: Sections, sections: Sections = JOB): readonly string[] {
  const own = (sections as Record<string, object>)[role];
  const job = sampleJob({ ...sections, [role]: { ...own, ...settings } });
  const config = job[role];
  if (!config) throw new Error(`no ${role}`);
  return checkManagedArgs(role, config, job, 8).map(
    ({ severity, path, message, hint }) => `${severity} ${path.join('.')}: ${message} | ${hint}`,
  );
}

test.each([
  ['prefill', 'model-path', '/models/m'],
  ['prefill', 'model', '/models/m'],
  ['prefill', 'served-model-name', 'm'],
  ['prefill', 'nnodes', 4],
  ['prefill', 'disaggregation-mode', 'prefill'],
  ['decode', 'disaggregation-mode', 'decode'],
  ['prefill', 'disaggregation-bootstrap-port', 30001],
  ['prefill', 'tp-size', 32],
  ['prefill', 'tensor_parallel_size', 32],
  ['prefill', 'tp', '32'],
  ['prefill', 'dp-size', 32],
  ['prefill', 'data-parallel-size', 32],
  ['prefill', 'dp', 32],
  ['prefill', 'ep-size', 1],
  ['prefill', 'expert-parallel-size', 1],
  ['prefill', 'ep', 1],
  ['prefill', 'pp-size', 1],
  ['prefill', 'pipeline-parallel-size', 1],
  ['prefill', 'pp', 1],
  ['decode', 'kv-events-config', '{"publisher":"null"}'],
  ['decode', 'endpoint', 'dyn://dynamo.backend.generate'],
  ['prefill', 'namespace', 'r1'],
  ['prefill', 'dyn-tool-call-parser', 'deepseek_v3'],
  ['prefill', 'migration-limit', 3],
  ['prefill', 'request-plane', 'tcp'],
  ['prefill', 'event-plane', 'nats'],
  ['prefill', 'discovery-backend', 'etcd'],
  ['prefill', 'host', '10.0.0.1'],
  ['prefill', 'page-size', 64],
  ['prefill', 'no-such-flag', true],
] as const)('%s: --%s %s is no contradiction', (role, name, value) => {
  expect(said(role, { args: { [name]: value } })).toEqual([]);
  expect(said(role, { flags: [`--${name.replaceAll('_', '-')}`, String(value)] })).toEqual([]);
});

test.each([
  ['prefill', 'model-path', '/other', 'to /models/m from model.path', 'model.path'],
  ['prefill', 'served-model-name', 'n', 'to m from model.served_name', 'model.served_name'],
  ['prefill', 'dist-init-addr', '10.0.0.1:29500', 'from infra.ports.dist_init', 'infra.ports.dist_init'],
  ['prefill', 'nccl-init-addr', '10.0.0.1:29500', 'from infra.ports.dist_init', 'infra.ports.dist_init'],
  ['prefill', 'nccl-port', 29507, 'from infra.ports.dist_init', 'infra.ports.dist_init'],
  ['prefill', 'nnodes', 2, 'to 4 from prefill.nodes', 'prefill.nodes'],
  ['prefill', 'node-rank', 0, 'from the rank of the task', undefined],
  ['prefill', 'disaggregation-mode', 'decode', 'to prefill from the role', undefined],
  [
    'prefill',
    'disaggregation-bootstrap-port',
    1,
    'to 30001 from infra.ports.bootstrap',
    'infra.ports.bootstrap',
  ],
  ['prefill', 'tp-size', 16, 'to 32 from prefill.tp', 'prefill.tp'],
  ['decode', 'tensor-parallel-size', 16, 'to 32 from decode.tp', 'decode.tp'],
  ['prefill', 'pp-size', 2, 'to 1 from prefill.pp', 'prefill.pp'],
  ['prefill', 'dp', 16, 'to 32 from prefill.dp', 'prefill.dp'],
  ['prefill', 'ep', 32, 'to 1 from prefill.ep', 'prefill.ep'],
  ['prefill', 'kv-events-config', '{}', 'from prefill.kv_events', 'prefill.kv_events'],
  [
    'decode',
    'endpoint',
    'dyn://a.b.c',
    'to dyn://dynamo.backend.generate from decode.endpoint',
    'decode.endpoint',
  ],
  ['prefill', 'endpoint', 'dyn://a.b.c', 'from prefill.endpoint', 'prefill.endpoint'],
  ['prefill', 'namespace', 'x', 'to r1 from dynamo.namespace', 'dynamo.namespace'],
  [
    'prefill',
    'dyn-tool-call-parser',
    'x',
    'to deepseek_v3 from dynamo.tool_call_parser',
    'dynamo.tool_call_parser',
  ],
  ['prefill', 'dyn-reasoning-parser', 'x', 'from dynamo.reasoning_parser', 'dynamo.reasoning_parser'],
  [
    'prefill',
    'custom-jinja-template',
    '/x',
    'from dynamo.custom_jinja_template',
    'dynamo.custom_jinja_template',
  ],
  ['prefill', 'use-sglang-tokenizer', true, 'from dynamo.sglang_tokenizer', 'dynamo.sglang_tokenizer'],
  ['prefill', 'migration-limit', 1, 'to 3 from dynamo.migration_limit', 'dynamo.migration_limit'],
  ['prefill', 'request-plane', 'nats', 'to tcp from infra.request_plane', 'infra.request_plane'],
  ['prefill', 'event-plane', 'zmq', 'to nats from infra.event_plane', 'infra.event_plane'],
  ['prefill', 'discovery-backend', 'file', "to etcd from the job's own etcd", undefined],
] as const)('%s: --%s %s is refused', (role, name, value, why, field) => {
  const hint = field === undefined ? 'remove it here' : `remove it here, and set ${field} instead`;
  const message = `--${name} is set by dyn-slurm, ${why} | ${hint}`;
  expect(said(role, { args: { [name]: value } })).toEqual([`error ${role}.args.${name}: ${message}`]);
  const words = value === true ? [`--${name}`] : [`--${name}=${value}`];
  expect(said(role, { flags: ['--page-size', '1', ...words] })).toEqual([
    `error ${role}.flags.2: ${message}`,
  ]);
});

test('a bootstrap port means nothing to aggregated workers, and passes', () => {
  const settings = { args: { 'disaggregation-bootstrap-port': 1 } };
  expect(said('aggregated', settings, { aggregated: { nodes: 1 } })).toEqual([]);
});

test('no sizes are known of an unknown GPU model', () => {
  const job = sampleJob({ gpu: 'z9', aggregated: { nodes: 1, args: { tp: 3 } } });
  expect(job.aggregated && checkManagedArgs('aggregated', job.aggregated, job)).toEqual([]);
});

test.each([
  [
    { args: { 'page-size': 1 }, flags: ['--page-size', '2'] },
    ['error prefill.flags.0: --page-size is already in args | keep one of the two'],
  ],
  [
    { args: { 'cuda-graph-bs': 1, 'cuda-graph-bs-decode': 2 } },
    [
      'error prefill.args.cuda-graph-bs: --cuda-graph-bs is the older name of --cuda-graph-bs-decode, which is also given | keep one of the two; null removes a key that the topology sets',
    ],
  ],
  [{ flags: ['--engine-route', 'a', '--engine-route', 'b'] }, []],
])('%j is one argument too many: %j', (settings, problems) => {
  expect(said('prefill', settings)).toEqual(problems);
});
