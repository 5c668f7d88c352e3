import type { JobConfig } from '../schema/job-schema.ts';
import { rolesOf } from '../schema/role.ts';
import { error, keyError, type Problem, warning } from '../yaml/problem.ts';

/** Which roles make a service together. */
export function* checkRoles(job: JobConfig): Generator<Problem> {
  const { prefill, decode, aggregated } = job;
  if (!prefill && !decode && !aggregated) {
    yield error(
      [],
      'no role answers requests',
      'name a topology, or add "prefill" and "decode", or "aggregated"',
    );
  }
  if (prefill && !decode) yield lonely('prefill', 'decode');
  if (decode && !prefill) yield lonely('decode', 'prefill');
  if (aggregated && (prefill || decode)) {
    const others = prefill && decode ? '"prefill" and "decode"' : prefill ? '"prefill"' : '"decode"';
    yield keyError(
      ['aggregated'],
      `aggregated workers do prefill and decode themselves, and cannot be combined with ${others}`,
      'remove one of them; null removes a role that the topology sets',
    );
  }
  yield* checkEndpoints(job);
  for (const [role, { critical, workers }] of rolesOf(job)) {
    if (critical || workers > 1) continue;
    yield warning(
      [role, 'critical'],
      `has no effect: losing the only ${role} worker always ends the job`,
      'give the role more workers, or let it restart',
    );
  }
}

function lonely(role: 'prefill' | 'decode', missing: 'prefill' | 'decode'): Problem {
  return keyError(
    [role],
    `${role} workers cannot serve requests without ${missing} workers`,
    `add a "${missing}" role, or use "aggregated" for workers that do both`,
  );
}

/** Instances are told apart by their endpoint alone, in readiness as in routing. */
function* checkEndpoints(job: JobConfig): Generator<Problem> {
  const owners = new Map<string, string>();
  for (const [role, { endpoint }] of rolesOf(job)) {
    if (endpoint === undefined) continue;
    const owner = owners.get(endpoint);
    owners.set(endpoint, role);
    if (owner === undefined) continue;
    yield error(
      [role, 'endpoint'],
      `${owner} workers already register ${endpoint}, so requests could reach either role`,
      'give each role its own endpoint',
    );
  }
}
