import { lastFlag } from '../../config/compat/given-flags.ts';
import type { RoleConfig } from '../../config/schema/role.ts';
import { error, type Problem, warning } from '../../config/yaml/problem.ts';
import type { Side } from '../agreement.ts';
import { type Connector, connectorsOf, NIXL } from './connectors.ts';

/** NIXL's own, where none are given. */
const BACKENDS = ['UCX'];

/** Without any, dyn-slurm passes NIXL's. */
export function transfer(role: Side, config: RoleConfig): readonly Connector[] | undefined {
  const none = lastFlag(role, config, 'kv-transfer-config') === undefined;
  return none ? [{ name: NIXL, extra: {}, foreign: false }] : connectorsOf(role, config);
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
export function connectorProblem(
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
