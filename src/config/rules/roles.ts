import type { JobConfig } from '../schema/job-schema.ts';
import { ROLES } from '../schema/role.ts';
import type { Problem } from '../yaml/problem.ts';

/** Which roles make a service together. */
export function* checkRoles(job: JobConfig): Generator<Problem> {
  const { prefill, decode, aggregated } = job;
  if (!prefill && !decode && !aggregated) {
    yield {
      severity: 'error',
      path: [],
      message: 'no role answers requests',
      hint: 'name a topology, or add "prefill" and "decode", or "aggregated"',
    };
  }
  if (prefill && !decode) yield lonely('prefill', 'decode');
  if (decode && !prefill) yield lonely('decode', 'prefill');
  if (aggregated && (prefill || decode)) {
    const others = prefill && decode ? '"prefill" and "decode"' : prefill ? '"prefill"' : '"decode"';
    yield {
      severity: 'error',
      path: ['aggregated'],
      at: 'key',
      message: `aggregated workers do prefill and decode themselves, and cannot be combined with ${others}`,
      hint: 'remove one side; null removes a role of the topology',
    };
  }
  yield* checkEndpoints(job);
  for (const role of ROLES) {
    const config = job[role];
    if (config?.critical !== false || config.workers > 1) continue;
    yield {
      severity: 'warning',
      path: [role, 'critical'],
      message: `has no effect: the only ${role} worker is the last one, whose loss ends the job`,
      hint: 'give the role more workers, or let it restart',
    };
  }
}

function lonely(role: 'prefill' | 'decode', missing: 'prefill' | 'decode'): Problem {
  return {
    severity: 'error',
    path: [role],
    at: 'key',
    message: `${role} workers cannot answer without ${missing} workers`,
    hint: `add a "${missing}" role, or use "aggregated" for workers that do both`,
  };
}

/** Instances are told apart by their endpoint alone, in readiness as in routing. */
function* checkEndpoints(job: JobConfig): Generator<Problem> {
  const owners = new Map<string, string>();
  for (const role of ROLES) {
    const endpoint = job[role]?.endpoint;
    if (endpoint === undefined) continue;
    const owner = owners.get(endpoint);
    owners.set(endpoint, role);
    if (owner === undefined) continue;
    yield {
      severity: 'error',
      path: [role, 'endpoint'],
      message: `${owner} workers register ${endpoint} already, and requests could reach either`,
      hint: 'give each role an endpoint of its own',
    };
  }
}
