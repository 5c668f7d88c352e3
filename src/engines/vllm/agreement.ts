import { releasesOf } from '../../config/compat/engine-table.ts';
import { lastFlag } from '../../config/compat/given-flags.ts';
import { atLeast } from '../../config/compat/release.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import type { RoleConfig } from '../../config/schema/role.ts';
import { error, type Problem } from '../../config/yaml/problem.ts';
import { checkShared, type Shared } from '../agreement.ts';
import { type Connector, NIXL } from './connectors.ts';
import { connectorProblem, transfer } from './transfer.ts';

const MODELS = 'they would serve different models';
const FORMATS = 'the KV cache would have two formats';

/** vLLM's names of the same format. */
const FORMAT_NAMES: Readonly<Record<string, string>> = { fp8: 'fp8_e4m3' };

/** What decides what a KV cache holds, whatever passes it on. */
const SHARED: readonly Shared[] = [
  {
    name: 'kv-cache-dtype',
    because: FORMATS,
    byDefault: () => 'auto',
    meaning: (value) => (value === 'auto' ? undefined : (FORMAT_NAMES[value] ?? value)),
    dependsOn: 'the model',
  },
  { name: 'revision', because: MODELS, byDefault: () => 'that of the folder' },
  { name: 'quantization', because: MODELS },
  {
    name: 'dtype',
    because: FORMATS,
    meaning: (value) => (value === 'auto' ? undefined : value),
    dependsOn: 'the model',
  },
];

/** Releases from which NIXL's handshake compares attention backends, and from which block sizes may differ. */
const COMPARES_SINCE = '0.14';
const SIZES_SINCE = '0.12';

/** Prefill and decode workers fit each other: else they start, register, and every request fails. */
export function* checkAgreement(job: JobConfig): Generator<Problem> {
  const { prefill, decode } = job;
  if (!prefill || !decode) return;
  const roles = { prefill, decode };
  const engine = { title: 'vLLM', given: lastFlag };
  yield* checkShared(SHARED, engine, roles, job);
  const [from, to] = [transfer('prefill', prefill), transfer('decode', decode)];
  if (from === undefined || to === undefined) return;
  const unlike = connectorProblem(from, to, roles);
  if (unlike) yield unlike;
  const nixl = [from, to].flatMap((all) => all.filter(({ name }) => name === NIXL));
  if (unlike || nixl.length < 2) return;
  yield* checkShared(nixlShared(job, nixl), engine, roles, job);
  yield* checkTensorSizes(prefill, decode);
}

/**
 * `block_size_ratio` of `kv_connector/utils.py` asserts that the blocks of prefill workers divide those of decode workers;
 * `compute_nixl_compatibility_hash` of NIXL's `metadata.py` has the attention backend in it.
 */
function nixlShared(job: JobConfig, nixl: readonly Connector[]): readonly Shared[] {
  const { vllm } = releasesOf(job);
  const several = atLeast(vllm, SIZES_SINCE);
  const compares =
    atLeast(vllm, COMPARES_SINCE) && nixl.every(({ extra }) => extra.enforce_handshake_compat !== false);
  return [
    {
      name: 'block-size',
      because: several
        ? 'the blocks of decode workers must be as large as those of prefill workers, or a multiple of them'
        : `vLLM ${vllm} transfers only blocks of one size`,
      ...(several && {
        fits: (prefill: string, decode: string) => Number(decode) % Number(prefill) === 0,
      }),
    },
    ...(compares
      ? [
          {
            name: 'attention-backend',
            because: 'NIXL refuses to connect workers whose KV caches have different layouts',
            meaning: (value: string) => value.toUpperCase(),
          },
        ]
      : []),
  ];
}

/** `tp_ratio` of `kv_connector/utils.py` asserts it. */
function* checkTensorSizes({ tp: from }: RoleConfig, { tp: to }: RoleConfig): Generator<Problem> {
  if (typeof from !== 'number' || typeof to !== 'number' || from % to === 0 || to % from === 0) return;
  yield {
    ...error(
      ['decode', 'tp'],
      `is ${to}, but prefill.tp is ${from}: NIXL transfers KV caches only where one divides the other`,
      `use ${from}, a multiple of it, or a number that divides it`,
    ),
    related: ['prefill', 'tp'],
  };
}
