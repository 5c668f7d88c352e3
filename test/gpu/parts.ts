import type { Settings } from './settings.ts';

/** A service that is tried, and what is asked of it. */
export interface ServicePart {
  readonly name: string;
  readonly title: string;
  readonly model: 'dense' | 'moe';
  /** GPUs that it needs. */
  readonly gpus: 1 | 2;
  /** The config without what all of them have. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly surface: 'completions' | 'embeddings';
  /** Its prompts share beginnings, and the frontend has to send them to the worker that knows them. */
  readonly kv?: true;
  /** An engine on the CPU can show it. */
  readonly cpu?: true;
}

type Role = Readonly<Record<string, unknown>>;

/** Arguments that all workers have. */
export function engineArgs({ engine, cpu, args }: Settings): Record<string, unknown> {
  const given = cpu
    ? { 'context-length': 4096 }
    : { 'mem-fraction-static': 0.3, 'cuda-graph-max-bs-decode': 64, 'context-length': 8192 };
  const own =
    engine === 'vllm'
      ? { 'gpu-memory-utilization': 0.3, 'max-model-len': 8192 }
      : { ...given, 'enable-metrics': true };
  return { ...own, ...args };
}

/** A role of one worker, or of so many. */
export function role(settings: Settings, more: Role = {}, args: Role = {}): Role {
  const { env } = settings;
  return {
    workers: 1,
    gpus_per_worker: 1,
    ...more,
    args: { ...engineArgs(settings), ...args },
    ...(Object.keys(env).length > 0 && { env }),
  };
}

/** Two ranks reach each other by NCCL alone: all-reduce kernels of the engine's own may multicast over NVLink. */
const PLAIN = { 'disable-custom-all-reduce': true };
/** Memory of two workers that share a GPU: each takes what its share is worth, and no more tokens than it needs. */
const SMALL = { 'max-total-tokens': 200_000 };

export function serviceParts(settings: Settings): readonly ServicePart[] {
  const sglang = settings.engine === 'sglang';
  const plain = sglang ? PLAIN : {};
  const small = sglang ? SMALL : {};
  const nixl = sglang ? { 'disaggregation-transfer-backend': 'nixl' } : {};
  const shared = (args: Role) => {
    const whole = role(settings, { gpu_share: 0.4 }, { ...nixl, ...small, ...args });
    const { 'mem-fraction-static': _, 'gpu-memory-utilization': __, ...rest } = whole.args as Role;
    return { ...whole, args: rest };
  };
  const each = role(settings, {}, nixl);
  const pair = (args: Role) => role(settings, { gpus_per_worker: 2, tp: 2 }, { ...plain, ...args });
  const experts = sglang ? { dp: 2, ep: 2 } : { ep: 2 };
  return [
    {
      name: 'aggregated',
      title: 'aggregated, one GPU',
      model: 'dense',
      gpus: 1,
      surface: 'completions',
      cpu: true,
      config: { aggregated: role(settings) },
    },
    {
      name: 'disaggregated-one-gpu',
      title: 'prefill and decode by NIXL on one GPU, by shares',
      model: 'dense',
      gpus: 1,
      surface: 'completions',
      config: { prefill: shared({}), decode: shared({}) },
    },
    {
      name: 'disaggregated-two-gpus',
      title: 'prefill and decode by NIXL on a GPU each',
      model: 'dense',
      gpus: 2,
      surface: 'completions',
      config: { prefill: each, decode: each },
    },
    {
      name: 'tp2',
      title: 'tensor parallel over two GPUs',
      model: 'dense',
      gpus: 2,
      surface: 'completions',
      config: { aggregated: pair({}) },
    },
    {
      name: 'ep2-dp-attention',
      title: 'mixture of experts, expert parallel over two GPUs with DP attention',
      model: 'moe',
      gpus: 2,
      surface: 'completions',
      config: { aggregated: { ...pair(sglang ? { 'enable-dp-attention': true } : {}), ...experts } },
    },
    {
      name: 'moe',
      title: 'mixture of experts, one GPU',
      model: 'moe',
      gpus: 1,
      surface: 'completions',
      config: { aggregated: role(settings) },
    },
    {
      name: 'kv-routing',
      title: 'KV routing over two workers',
      model: 'dense',
      gpus: 2,
      surface: 'completions',
      kv: true,
      cpu: true,
      config: {
        aggregated: role(
          settings,
          { workers: 2, kv_events: true },
          { ...(sglang && { 'page-size': settings.cpu ? 1 : 16 }) },
        ),
        frontend: { router_mode: 'kv', router: { block_size: settings.cpu ? 1 : 16 } },
      },
    },
    {
      name: 'embeddings',
      title: 'embeddings, one GPU',
      model: 'dense',
      gpus: 1,
      surface: 'embeddings',
      config: {
        aggregated: role(settings, {}, sglang ? { 'embedding-worker': true } : { runner: 'pooling' }),
        ...(sglang && { dynamo: { sglang_tokenizer: true } }),
      },
    },
  ];
}
