import { atLeast } from '../../config/compat/release.ts';
import type { Role } from '../../config/schema/role.ts';

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
export function engineModule(role: Role, release: string): string {
  if (role === 'router') return 'dynamo.router';
  const modules = MODULES.find(({ since }) => atLeast(release, since));
  return (role === 'decode' ? modules?.decode : modules?.others) ?? 'dynamo.sglang';
}
