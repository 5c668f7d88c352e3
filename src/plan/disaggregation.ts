import { atLeast } from '../config/compat/release.ts';
import { engineArgument, type Role, type RoleConfig } from '../config/schema/role.ts';

/** A worker's `--disaggregation-mode`; undefined where it is not given. Encoders and `pd`: Dynamo 1.3 and later. */
export function disaggregationMode(role: Role, config: RoleConfig, release: string): string | undefined {
  if (role === 'prefill' || role === 'decode') return role;
  if (!atLeast(release, '1.3')) return undefined;
  if (role === 'encode') return 'encode';
  return role === 'aggregated' && engineArgument(config, 'dedicated-mm-encoder') === true ? 'pd' : undefined;
}
