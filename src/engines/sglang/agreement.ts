import { lastFlag } from '../../config/compat/given-flags.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import type { RoleConfig } from '../../config/schema/role.ts';
import { error, type Problem } from '../../config/yaml/problem.ts';
import { checkShared, type Shared } from '../agreement.ts';

const BOOTSTRAP = 'decode workers refuse a prefill worker with a different value';
const unknown = () => undefined;

/**
 * Page size and KV cache dtype: `try_ensure_parallel_info` of SGLang's disaggregation/common/conn.py raises where they
 * differ; up to 0.5.21 it compares the dtypes as they are written, `auto` included. Each transfer backend speaks a protocol of its own
 * (`get_kv_class` of disaggregation/utils.py), and the rest decides what the cache holds.
 */
const SHARED: readonly Shared[] = [
  {
    name: 'disaggregation-transfer-backend',
    because: 'each backend has its own protocol, so no KV cache would ever be transferred',
    byDefault: () => 'mooncake',
  },
  { name: 'kv-cache-dtype', because: BOOTSTRAP, byDefault: () => 'auto' },
  { name: 'page-size', because: BOOTSTRAP, byDefault: pageSize, unless: ['enable-hisparse'] },
  { name: 'revision', because: 'they would serve different models', byDefault: () => 'that of the folder' },
  { name: 'quantization', because: 'they would serve different models', byDefault: unknown },
  { name: 'dtype', because: 'the KV cache would have two formats', byDefault: unknown },
  { name: 'json-model-override-args', because: 'they would serve different models', byDefault: () => '{}' },
];

/** Pages that an attention backend brings with it: `_handle_attention_backend_compatibility` of server_args.py. */
const PAGES: Readonly<Record<string, string>> = {
  cutlass_mla: '128',
  flashmla: '64',
  nsa: '64',
  trtllm_mha: '64',
  trtllm_mla: '64',
};

/** 1, unless the attention backend wants more; SGLang chooses that by the model and the GPU where nobody names one. */
function pageSize(config: RoleConfig): string | undefined {
  const backend = lastFlag('decode', config, 'attention-backend')?.value;
  return backend === undefined ? undefined : (PAGES[String(backend)] ?? '1');
}

/** Prefill and decode workers fit each other: else they start, register, and every request fails. */
export function* checkAgreement(job: JobConfig): Generator<Problem> {
  const { prefill, decode } = job;
  if (!prefill || !decode) return;
  yield* checkShared(SHARED, { title: 'SGLang', given: lastFlag }, { prefill, decode }, job);
  yield* checkStages(prefill, decode);
}

/** `_resolve_rank_mapping` of disaggregation/common/conn.py asserts it. */
function* checkStages(prefill: RoleConfig, decode: RoleConfig): Generator<Problem> {
  const [from, to] = [prefill.pp ?? 1, decode.pp ?? 1];
  if (to !== from && to !== 1) {
    yield {
      ...error(
        ['decode', 'pp'],
        `is ${to}, but prefill.pp is ${from}: SGLang transfers KV caches only to decode workers with the same number of stages, or with one`,
        `use 1 or ${from}`,
      ),
      related: ['prefill', ...(prefill.pp === undefined ? [] : ['pp'])],
    };
  }
}
