import { atLeast } from '../../config/compat/release.ts';
import { engineArgument, type Role, type RoleConfig } from '../../config/schema/role.ts';

interface Modules {
  readonly since: string;
  readonly decode: string;
  /** Prefill and aggregated workers, and whatever else there is. */
  readonly others: string;
}

/** `dynamo/sglang` of the wheels from 0.4.0 on. Before 0.4 it was in the source tree only. */
const MODULES: readonly Modules[] = [
  { since: '0.4.1', decode: 'dynamo.sglang', others: 'dynamo.sglang' },
  { since: '0.4', decode: 'dynamo.sglang.decode_worker', others: 'dynamo.sglang.worker' },
  { since: '0', decode: 'dynamo.sglang.components.decode_worker', others: 'dynamo.sglang' },
];

/** The Python module that a worker runs. */
export function module(role: Role, release: string): string {
  const modules = MODULES.find(({ since }) => atLeast(release, since));
  return (role === 'decode' ? modules?.decode : modules?.others) ?? 'dynamo.sglang';
}

/** Encoders and `pd`: Dynamo 1.3 and later. */
export function mode(role: Role, config: RoleConfig, release: string): string | undefined {
  if (role === 'prefill' || role === 'decode') return role;
  if (!atLeast(release, '1.3')) return undefined;
  if (role === 'encode') return 'encode';
  return role === 'aggregated' && engineArgument(config, 'dedicated-mm-encoder') === true ? 'pd' : undefined;
}

/** dynamo/sglang/args.py of the wheels 0.4.1 to 1.6.1; 1.3 renamed the encoders'. */
export function component(role: Role, config: RoleConfig, release: string): string {
  if (engineArgument(config, 'rerank-worker') === true) return 'rerank';
  if (role === 'prefill') return 'prefill';
  if (role === 'encode') return atLeast(release, '1.3') ? 'encode' : 'encoder';
  return 'backend';
}

/** Only rank 0 of a worker registers, once for each of its gateways. */
export function instances({ config }: { readonly config: RoleConfig }): number {
  const gateways = Number(engineArgument(config, 'gateway-workers') ?? 1);
  return Number.isInteger(gateways) ? gateways : 1;
}
