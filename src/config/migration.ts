import { hasPlanes } from './planes.ts';
import { ROLES } from './role.ts';
import type { JobConfig } from './schema.ts';

/** How often a request may move where the config does not say. */
const LIMIT = 3;

/**
 * How often a request may move to another worker; undefined for Dynamo's own, which is never: the streams of a worker that
 * goes then break off, though another could go on with them. Any worker can go while the service stays: one that may restart
 * or is not critical, and in an allocation each that `dyn-slurm restart` or `stop` names. Before Dynamo 1.0 each worker is
 * told, by an option that 0.4.1 brought and not every kind of worker has, so there only the first reason counts.
 */
export function migrationLimit(job: JobConfig): number | undefined {
  const outlived = ROLES.some((role) => {
    const config = job[role];
    return config !== undefined && (config.restart !== 'never' || (!config.critical && config.workers > 1));
  });
  return job.dynamo.migration_limit ?? (hasPlanes(job) || outlived ? LIMIT : undefined);
}
