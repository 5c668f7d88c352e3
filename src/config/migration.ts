import type { JobConfig } from './schema/job-schema.ts';
import { ROLES } from './schema/role.ts';

/** How often a request may move, where a worker can go while the service stays. */
const LIMIT = 3;

/**
 * How often a request may move to another worker; undefined for Dynamo's own, which is never. Without it, the streams of
 * a worker that is lost break off, though another could go on with them.
 */
export function migrationLimit(job: JobConfig): number | undefined {
  const outlived = ROLES.some((role) => {
    const config = job[role];
    return config !== undefined && (config.restart !== 'never' || (!config.critical && config.workers > 1));
  });
  return job.dynamo.migration_limit ?? (outlived ? LIMIT : undefined);
}
