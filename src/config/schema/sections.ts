import * as z from 'zod';
import { START_STAGES, type StartStage } from '../../start-stages.ts';
import { count, duration, environment, mount, mountablePath, port, text } from './fields.ts';
import { argumentMap, ROLES } from './role.ts';
import { setup } from './setup.ts';

/** As in the name of a wheel. */
export const PACKAGE_VERSION =
  /^\d{1,4}(\.\d{1,4}){1,3}((a|b|rc)\d{1,3})?(\.post\d{1,9})?(\.dev\d{1,9})?(\+[a-z0-9.]{1,40})?$/;

export const model = z.strictObject({
  path: mountablePath,
  served_name: text.optional(),
});

export const container = z.strictObject({
  image: text,
  mounts: z.array(mount).default([]),
});

export const ROUTER_MODES = [
  'round-robin',
  'random',
  'power-of-two',
  'kv',
  'direct',
  'least-loaded',
  'device-aware-weighted',
] as const;

const router = z.strictObject({
  kv_overlap_score_credit: z.number().min(0).optional(),
  temperature: z.number().min(0).optional(),
  kv_events: z.boolean().optional(),
  replica_sync: z.boolean().optional(),
  block_size: count.optional(),
});

/** What stands between clients and workers. */
export const FRONTENDS = ['dynamo', 'sglang-router', 'vllm-router', 'trtllm-serve', 'none'] as const;
export type FrontendType = (typeof FRONTENDS)[number];

/** Whether Dynamo's processes run: a frontend of another kind has workers that are the engine's own servers. */
export function usesDynamo({
  frontend: { type },
}: {
  readonly frontend: { readonly type: FrontendType };
}): boolean {
  return type === 'dynamo';
}

/** Whether the one worker answers clients itself. */
export function servesAlone({
  frontend: { type },
}: {
  readonly frontend: { readonly type: FrontendType };
}): boolean {
  return type === 'none';
}

const sessionAffinity = z.union(
  [
    z.boolean(),
    z.strictObject({
      header: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9-]*$/, 'use letters, digits and dashes, as X-Session-ID'),
    }),
  ],
  { error: 'write true, false, or a map with a header' },
);

const nginx = z.strictObject({
  image: text.optional(),
});

export const frontend = z.strictObject({
  type: z.enum(FRONTENDS).default('dynamo'),
  count: count.default(1),
  session_affinity: sessionAffinity.default(false).meta({ title: 'true, false or a map' }),
  nginx: nginx.prefault({}),
  image: text.optional(),
  dedicated_nodes: z.boolean().default(false),
  port: port.default(8000),
  router_mode: z.enum(ROUTER_MODES).default('round-robin'),
  router: router.prefault({}),
  args: argumentMap.default({}),
  env: environment.default({}),
  setup: setup.optional(),
});

export const ports = z.strictObject({
  etcd_client: port.default(2379),
  nats: port.default(4222),
  frontend: port.default(8180),
  rpc: port.default(7777),
  system: port.default(8081),
  dist_init: port.default(29500),
  bootstrap: port.default(30001),
  kv_events: port.default(5557),
  side_channel: port.default(5400),
  engine: port.default(20000),
  mooncake: port.default(8700),
});

const etcd = z.strictObject({
  lease_ttl: duration.optional(),
  args: argumentMap.default({}),
});

/** The master of a Mooncake store, and what its clients are told. */
const mooncake = z.strictObject({
  env: environment.default({}),
  args: argumentMap.default({}),
  store: z.record(text, z.json()).default({}).meta({ title: 'map' }),
});

export const infra = z.strictObject({
  dedicated_node: z.boolean().default(false),
  etcd: etcd.prefault({}),
  nats: z
    .union([z.boolean(), z.literal('auto')], { error: 'write true, false or auto' })
    .default('auto')
    .meta({ title: 'true, false or "auto"' }),
  nats_max_payload: z.int().min(1).max(64).optional(),
  request_plane: z.enum(['tcp', 'nats']).default('tcp'),
  event_plane: z.enum(['nats', 'zmq']).default('nats'),
  bind: z.enum(['node', 'loopback']).default('node'),
  tls: z.boolean().default(false),
  mooncake: mooncake.optional(),
  ports: ports.prefault({}),
});

/** The source of Dynamo for an image without it; without any of the first three keys, the release of `dynamo.version`. */
const install = z.strictObject({
  version: z
    .string()
    .regex(
      PACKAGE_VERSION,
      'write a release of Dynamo as "1.6.1", or a development release as "1.7.0.dev20261101"',
    )
    .optional(),
  wheel: mountablePath
    .refine(
      (value) => value.startsWith('/') || PACKAGE_VERSION.test(value),
      'write an absolute path of a wheel or of a folder of wheels on the nodes, or a release as "1.6.1"',
    )
    .optional(),
  commit: z
    .string()
    .regex(
      /^[0-9a-f]{7,40}$/,
      'write a commit as 7 to 40 hexadecimal digits; names of branches change their meaning',
    )
    .optional(),
  source: mountablePath
    .refine(
      (value) => value.startsWith('/'),
      'write an absolute path of a git repository or of a source archive (.tar.gz) on the nodes',
    )
    .optional(),
  deadline: duration.optional(),
});

export const dynamo = z.strictObject({
  version: z
    .string()
    .regex(/^\d{1,4}\.\d{1,4}\.\d{1,4}$/, 'write a release of Dynamo as "1.6.1"')
    .default('1.6.1'),
  install: install.optional().meta({ title: 'true or map' }),
  namespace: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'use letters, digits, dashes and underscores')
    .default('dynamo'),
  migration_limit: z.int().min(0).optional(),
  tool_call_parser: text.optional(),
  reasoning_parser: text.optional(),
  custom_jinja_template: mountablePath.optional(),
  sglang_tokenizer: z.boolean().optional(),
});

/** Engines that workers run. */
export const ENGINES = ['sglang', 'vllm', 'trtllm', 'mocker'] as const;
export type EngineType = (typeof ENGINES)[number];
/** As in a sentence. */
export const ENGINE_TITLES: Readonly<Record<EngineType, string>> = {
  sglang: 'SGLang',
  vllm: 'vLLM',
  trtllm: 'TensorRT-LLM',
  mocker: 'the mocker',
};
/** The engine whose arguments are a file of its own: names with underscores, and `null` and `false` as values. */
export const ARGUMENTS_IN_FILE: EngineType = 'trtllm';

export const engine = z.strictObject({
  type: z.enum(ENGINES).default('sglang'),
  version: z
    .string()
    .regex(
      /^\d{1,4}\.\d{1,4}\.\d{1,4}(rc\d{1,3})?(\.post\d{1,3})?$/,
      'write the release of the engine as "0.5.21"',
    )
    .optional(),
  rename: z.boolean().default(true),
});

/** Observers read these of plan.json. */
const stages = z.strictObject({
  weights: stageLimit('weights'),
  kv_cache: stageLimit('kv-cache'),
  graphs: stageLimit('cuda-graphs'),
  deep_gemm: stageLimit('deep-gemm'),
  warm_up: stageLimit('warm-up'),
});

function stageLimit(stage: StartStage) {
  const { limit, stuckWithout } = START_STAGES[stage];
  return duration
    .prefault(`${limit}m`)
    .describe(
      `Maximum time without ${stuckWithout} before the stage is reported as stuck. Default: ${limit}m.`,
    );
}

export const health = z.strictObject({
  deadline: duration.prefault('2h'),
  stall: duration.prefault('20m'),
  stages: stages.prefault({}),
  lost: duration.prefault('5m'),
  hang: z
    .union([z.literal(['0', '0s', 0]).transform(() => 0), duration], {
      error: 'write a duration as 60s or 5m, or 0 for never',
    })
    .prefault('60s')
    .meta({ title: 'duration, or 0' }),
  drain: duration.prefault('2m'),
  preflight: z.boolean().default(true),
});

const GPU_LOGGERS = ['none', 'nvidia-smi', 'dcgmi', 'amd-smi'] as const;

/** What a job writes down beside its events and logs. */
export const observe = z.strictObject({
  gpu_log: z.enum(GPU_LOGGERS).default('none'),
  interval: duration.prefault('5s'),
  metrics: z
    .union([z.literal('none'), duration], { error: 'write a duration as 5s or 1m, or none' })
    .prefault('5s')
    .meta({ title: 'duration, or none' }),
});

/** Workers that are launched under a profiler, which then waits until it is asked. */
export const profiling = z.strictObject({
  tool: z.literal('nsys', { error: 'write nsys; the profiler of torch needs nothing here' }).default('nsys'),
  roles: z.array(z.enum(ROLES)).min(1),
  flags: z.array(text).default([]),
});
