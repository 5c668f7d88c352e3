import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { publishedJob, topologyHeader } from './published-job.ts';
import { planned, presets } from './variants.ts';

const ROLES = ['prefill', 'decode'] as const;

test('there are fifteen, for the models and GPUs of 2026', () => {
  expect(presets).toHaveLength(15);
});

test.each(presets)('$name has as many nodes, workers and GPUs as its source', ({ name, nodes, roles }) => {
  const { plan } = publishedJob(name);
  expect({
    nodes: plan.nodes.length,
    roles: Object.fromEntries(
      ROLES.map((role) => {
        const workers = plan.workers.filter((worker) => worker.role === role);
        return [role, workers.map((worker) => worker.nodes.length * worker.gpus.length)];
      }),
    ),
  }).toEqual({
    nodes,
    roles: Object.fromEntries(ROLES.map((role) => [role, Array(roles[role].workers).fill(roles[role].gpus)])),
  });
});

const cases = presets.flatMap((source) =>
  ROLES.map((role) => [source.name, role, source.roles[role]] as const),
);

test.each(cases)('%s: %s has the arguments and the environment of its source', (name, role, source) => {
  const { plan } = publishedJob(name);
  const step = plan.steps.find((one) => one.name === `${role}-0`);
  if (step === undefined) throw new Error(`there is no ${role}-0`);
  const { flags: all, env } = planned(step);
  // An engine that serves without Dynamo is asked for its metrics, whatever its recipe says.
  const { '--enable-metrics': metrics, ...rest } = all;
  const flags = source.flags?.['enable-metrics'] ? { ...rest, '--enable-metrics': metrics } : rest;
  if (source.file) expect(Object.values(step.files ?? {}).map((text) => parse(text))).toEqual([source.file]);
  else expect(withoutOwn(flags as typeof all)).toEqual(withoutOwn(flagsOf(source.flags ?? {})));
  // Said with --request-plane.
  const { DYN_REQUEST_PLANE: _, ...wanted } = source.env;
  const given = Object.entries(env).filter(([key]) => key in wanted || !OWN_VARIABLES.test(key));
  expect(Object.fromEntries(given)).toEqual(wanted);
});

const STORE = {
  metadata_server: 'P2PHANDSHAKE',
  local_buffer_size: '4GB',
  protocol: 'rdma',
  device_name: 'mlx5_0,mlx5_1,mlx5_2,mlx5_3',
  mode: 'embedded',
};

test.each([
  ['kimi-k3-gb300-1p2d-agentic', { ...STORE, global_segment_size: '150GB', enable_offload: false }],
  ['minimax-m3-gb300-fp4-1p1d-agentic', { ...STORE, global_segment_size: '200GB', enable_offload: true }],
])('%s starts the Mooncake store of its source, and its containers remap users', (name, store) => {
  const { plan } = publishedJob(name);
  const { master_server_address: _, ...given } = plan.mooncake ?? {};
  expect(given).toEqual(store);
  const sruns = plan.steps.filter(({ kind }) => kind === 'worker' || kind === 'frontend');
  expect(sruns.every(({ srun }) => srun.includes('--container-remap-root'))).toBe(true);
});

test.each(presets)(
  '$name says where it is from, under which license, and when it was published',
  ({ name }) => {
    const { source, ...header } = topologyHeader(name);
    expect({ source, header }).toMatchObject({
      source: {
        repo: expect.stringMatching(/^[\w-]+\/[\w-]+$/),
        path: expect.stringMatching(/\.(yaml|sh)$/),
        commit: expect.stringMatching(/^[0-9a-f]{8,40}$/),
        date: expect.stringMatching(/^202[56]-\d\d/),
        license: 'Apache-2.0',
      },
      header: { goal: expect.stringMatching(/^(latency|throughput|balanced)$/) },
    });
  },
);

/** What a plan gives each process by itself, and recipes leave to their launcher or fix for one machine. */
const OWN_FLAGS =
  /^--(model(-path)?|served-model-name|host|port|disaggregation-(mode|bootstrap-port)|dist-init-addr|nnodes|node-rank|nccl-port|kv-events-config|(event|request)-plane|master-(addr|port)|data-parallel-(rpc-port|address)|headless|extra-engine-args|publish-events-and-metrics|.*-(tool-call|reasoning)-parser|(tool-call|reasoning)-parser)$/;
const OWN_VARIABLES =
  /^(MOONCAKE_|DYN_(NAMESPACE|SYSTEM_|SDK_|CANARY_|HEALTH_CHECK_|TCP_RPC_|EVENT_PLANE|REQUEST_PLANE)|ETCD_ENDPOINTS|NATS_SERVER|MASTER_|PYTHONUNBUFFERED|CUDA_VISIBLE_DEVICES|SGLANG_HOST_IP|VLLM_(NIXL_|HOST_IP|PORT$)|TRTLLM_EPLB_SHM_NAME)/;

const SIZES: Readonly<Record<string, string>> = {
  tp: 'tp-size',
  dp: 'dp-size',
  ep: 'ep-size',
  'tensor-parallel-size': 'tp-size',
  'data-parallel-size': 'dp-size',
  'expert-parallel-size': 'ep-size',
};

/** A recipe's arguments as flags: `false` is left out, a list is several words, JSON has one spelling. */
function flagsOf(args: Readonly<Record<string, unknown>>): Readonly<Record<string, string | true>> {
  return Object.fromEntries(
    Object.entries(args).flatMap(([name, value]) =>
      value === false ? [] : [[`--${name}`, flagValue(value)]],
    ),
  );
}

function flagValue(value: unknown): string | true {
  return value === true || (Array.isArray(value) ? value.join(' ') : String(value));
}

function withoutOwn(flags: Readonly<Record<string, string | true>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(flags).flatMap(([flag, value]) => {
      const name = flag.slice(2).replaceAll('_', '-');
      const size = SIZES[name] ?? name;
      // A size of 1 is every engine's default.
      if (OWN_FLAGS.test(flag) || (/-size$/.test(size) && value === '1')) return [];
      const json = typeof value === 'string' && value.startsWith('{');
      return [[size, json ? JSON.parse(value) : value === true ? true : number(value)]];
    }),
  );
}

/** 0.90 and 0.9 are one. */
function number(text: string): string | number {
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}
