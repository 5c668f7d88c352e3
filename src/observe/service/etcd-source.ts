import type { Role } from '../../config/schema/role.ts';
import type { Instance } from '../../run/service-event.ts';
import type { Registrations } from './discovery.ts';
import type { ServiceEndpoints } from './endpoints.ts';

/** Registrations as an event: who serves requests, counted by role, and which worker listens where. */
export function instancesEvent(
  { revision, instances }: Registrations,
  { readiness, workers }: ServiceEndpoints,
) {
  const stepAt = new Map(workers.flatMap(({ step, registers }) => (registers ? [[registers, step]] : [])));
  const wanted = readiness.endpoints;
  const serving = instances.flatMap((instance): (Instance & { readonly role: Role })[] => {
    const role = roleOf(instance, wanted);
    const step = stepAt.get(instance.address ?? '');
    return role === undefined ? [] : [{ ...instance, ...(step !== undefined && { step }), role }];
  });
  return {
    kind: 'instances',
    roles: wanted.map(({ role, workers: want }) => ({
      role,
      have: serving.filter((one) => one.role === role).length,
      want,
    })),
    instances: serving.map(({ role: _, ...instance }) => instance),
    revision,
  } as const;
}

function roleOf(
  { namespace, component, endpoint }: Instance,
  wanted: ServiceEndpoints['readiness']['endpoints'],
): Role | undefined {
  return wanted.find(
    (one) => one.namespace === namespace && one.component === component && one.endpoint === endpoint,
  )?.role;
}
