import { lastFlag } from '../../config/compat/given-flags.ts';
import type { Role, RoleConfig } from '../../config/schema/role.ts';

export const NIXL = 'NixlConnector';

/** One of the connectors that pass a worker's KV caches on. */
export interface Connector {
  readonly name: string;
  /** Its `kv_connector_extra_config`. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** It is of a module that the config names. */
  readonly foreign: boolean;
}

/** What `--kv-transfer-config` names, those inside others in their place; undefined where it is not given or cannot be read. */
export function connectorsOf(role: Role, config: RoleConfig): readonly Connector[] | undefined {
  const value = lastFlag(role, config, 'kv-transfer-config')?.value;
  if (typeof value !== 'string') return leaves(value);
  try {
    return leaves(JSON.parse(value));
  } catch {
    return undefined;
  }
}

/** `NixlConnector` is the name that newer releases have for `NixlPullConnector`. */
const ALIASES: Readonly<Record<string, string>> = { NixlPullConnector: NIXL };

function leaves(value: unknown): readonly Connector[] | undefined {
  if (!isMap(value) || typeof value.kv_connector !== 'string') return undefined;
  const extra = isMap(value.kv_connector_extra_config) ? value.kv_connector_extra_config : {};
  if (Array.isArray(extra.connectors)) {
    const inner = extra.connectors.map(leaves);
    return inner.every((one) => one !== undefined) ? inner.flat() : undefined;
  }
  if (value.kv_connector === 'MultiConnector') return undefined;
  const name = ALIASES[value.kv_connector] ?? value.kv_connector;
  return [{ name, extra, foreign: value.kv_connector_module_path !== undefined }];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
