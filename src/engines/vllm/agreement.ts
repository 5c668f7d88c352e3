import { releasesOf } from '../../config/compat/engine-table.ts';
import { lastFlag } from '../../config/compat/given-flags.ts';
import { atLeast } from '../../config/compat/release.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import type { RoleConfig } from '../../config/schema/role.ts';
import { error, type Problem, warning } from '../../config/yaml/problem.ts';
import { checkShared, type Shared, type Side } from '../agreement.ts';
import { type Connector, connectorsOf } from './connectors.ts';

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

const NIXL = 'NixlConnector';
/** NIXL's own, where none are given. */
const BACKENDS = ['UCX'];
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

/** Without any, dyn-slurm passes NIXL's. */
function transfer(role: Side, config: RoleConfig): readonly Connector[] | undefined {
  const none = lastFlag(role, config, 'kv-transfer-config') === undefined;
  return none ? [{ name: NIXL, extra: {}, foreign: false }] : connectorsOf(role, config);
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

/** Those that send KV caches from worker to worker; what others share, a store say, may lie beside vLLM. */
const DIRECT: ReadonlySet<string> = new Set([
  NIXL,
  'NixlPushConnector',
  'MooncakeConnector',
  'MoRIIOConnector',
  'P2pNcclConnector',
]);

/** Neither connectors that both have, nor a backend of NIXL. */
function connectorProblem(
  from: readonly Connector[],
  to: readonly Connector[],
  roles: Readonly<Record<Side, RoleConfig>>,
): Problem | undefined {
  const shared = from.filter(({ name }) => to.some((other) => other.name === name));
  const names = (all: readonly Connector[]) => [...new Set(all.map(({ name }) => name))].join(' and ');
  if (shared.length === 0) {
    if ([...from, ...to].some(({ foreign }) => foreign)) return undefined;
    const direct = [...from, ...to].every(({ name }) => DIRECT.has(name));
    return transferProblem(
      direct ? error : warning,
      roles,
      `is ${names(to)}, but prefill workers have ${names(from)}: no KV cache would ever be transferred`,
      'write the same kv_connector in prefill.args and decode.args',
    );
  }
  if (shared.some(({ name }) => name !== NIXL)) return undefined;
  const [left, right] = [backends(from), backends(to)];
  if (left.some((one) => right.includes(one))) return undefined;
  return transferProblem(
    error,
    roles,
    `has NIXL use ${right.join(' or ')}, but prefill workers have it use ${left.join(' or ')}: no KV cache would ever be transferred`,
    'write the same backends in kv_connector_extra_config of prefill and decode',
  );
}

function backends(all: readonly Connector[]): readonly string[] {
  const given = all.find(({ name }) => name === NIXL)?.extra.backends;
  return Array.isArray(given) ? given.map(String) : BACKENDS;
}

function transferProblem(
  problem: typeof error,
  roles: Readonly<Record<Side, RoleConfig>>,
  message: string,
  hint: string,
): Problem {
  const [prefill, decode] = (['prefill', 'decode'] as const).map(
    (role) => lastFlag(role, roles[role], 'kv-transfer-config')?.path ?? [role],
  );
  return { ...problem(decode ?? [], message, hint), related: prefill ?? [] };
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
