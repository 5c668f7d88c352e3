import type { JobConfig } from '../../config/schema/job-schema.ts';
import type { RoleConfig } from '../../config/schema/role.ts';
import type { Problem } from '../../config/yaml/problem.ts';
import { checkShared, type GivenSetting, type Shared, type Side } from '../agreement.ts';

const REFUSED = 'decode workers take no KV cache from prefill workers with a different value';
const isKnown = (value: string) => (/^(auto|default)$/i.test(value) ? undefined : value);

/**
 * Keys of the engine's file. `inquireSupport` of `cacheFormatter.cpp` and `mlaCacheFormatter.cpp` compares what the blocks
 * of the caches hold; what passes them on speaks a protocol of its own.
 */
const SHARED: readonly Shared[] = [
  {
    name: 'cache_transceiver_config.backend',
    because: 'each backend has its own protocol, so no KV cache would ever be transferred',
    byDefault: () => 'DEFAULT',
    meaning: (value) => isKnown(value)?.toUpperCase(),
    dependsOn: 'the release',
  },
  {
    name: 'kv_cache_config.tokens_per_block',
    because: REFUSED,
    byDefault: () => undefined,
  },
  {
    name: 'kv_cache_config.dtype',
    because: REFUSED,
    byDefault: () => 'auto',
    meaning: isKnown,
    dependsOn: 'the model',
  },
];

/** Prefill and decode workers fit each other: else they start, register, and every request fails. */
export function* checkAgreement(job: JobConfig): Generator<Problem> {
  const { prefill, decode } = job;
  if (!prefill || !decode) return;
  yield* checkShared(SHARED, { title: 'TensorRT-LLM', given: field }, { prefill, decode }, job);
}

/** A key of the file by the keys that lead to it, however the config writes them. */
function field(role: Side, { args }: RoleConfig, name: string): GivenSetting | undefined {
  let at: { path: readonly string[]; value: unknown } = { path: [role, 'args'], value: args };
  for (const key of name.split('.')) {
    const { path, value } = at;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const found = Object.entries(value).find(([one]) => one.replaceAll('-', '_') === key);
    if (found === undefined) return undefined;
    at = { path: [...path, found[0]], value: found[1] };
  }
  return at.value === null ? undefined : at;
}
