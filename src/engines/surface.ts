import { givenFlags } from '../config/compat/given-flags.ts';
import type { JobConfig } from '../config/schema/job-schema.ts';
import { rolesOf } from '../config/schema/role.ts';
import type { Surface } from './engine.ts';
import { engineOf } from './engines.ts';

/** What clients ask a job's service for, by the arguments of its workers. */
export function surfaceOf(job: JobConfig): Surface {
  for (const [role, config] of rolesOf(job)) {
    const { surfaces } = engineOf(job, config);
    for (const { name, value } of givenFlags(role, config)) {
      if (!Object.hasOwn(surfaces, name) || value === false) continue;
      const found = surfaces[name];
      const surface = typeof found === 'object' ? found[String(value)] : found;
      if (surface !== undefined) return surface;
    }
  }
  return 'chat';
}
