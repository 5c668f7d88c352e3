import type { Role } from '../../config/schema/role.ts';
import { parseJson } from '../../run/lenient.ts';
import type { Instance } from '../../run/service-event.ts';
import type { ServiceEndpoints } from './endpoints.ts';

export const INSTANCES = 'v1/instances/';

const KEY = /^v1\/instances\/([^/]+)\/([^/]+)\/([^/]+)\/([0-9a-f]+)$/;

/**
 * A registration from its key, `v1/instances/NAMESPACE/COMPONENT/ENDPOINT/LEASE`, and its value; undefined for other keys.
 * The id is the lease's number, which JSON.parse would round.
 */
export function parseRegistration(key: string, value: string): Instance | undefined {
  const [, namespace, component, endpoint, lease] = KEY.exec(key) ?? [];
  if (!namespace || !component || !endpoint || !lease) return undefined;
  // Of `{"transport":{"tcp":"ADDRESS:PORT/LEASE/…"}}`; a subject of NATS tells none.
  const { transport } = (parseJson(value) ?? {}) as { readonly transport?: { readonly tcp?: unknown } };
  const address = typeof transport?.tcp === 'string' ? transport.tcp.split('/')[0] : undefined;
  return {
    namespace,
    component,
    endpoint,
    id: BigInt(`0x${lease}`).toString(),
    lease,
    ...(address && { address }),
  };
}

/** All registrations at one revision of etcd. */
export interface Registrations {
  /** etcd's own number, which may be beyond 2^53. */
  readonly revision: string;
  readonly instances: readonly Instance[];
}

/** Registrations as an event: who serves requests, counted by role, and which worker listens where. */
export function instancesEvent(
  { revision, instances }: Registrations,
  { readiness, workers }: ServiceEndpoints,
) {
  const stepAt = new Map(
    workers.flatMap(({ step, registers }) => registers.map((address) => [address, step])),
  );
  const wanted = readiness.endpoints;
  const serving = instances.flatMap((instance): (Instance & { readonly role: Role })[] => {
    const { namespace, component, endpoint, address = '' } = instance;
    const role = wanted.find(
      (one) => one.namespace === namespace && one.component === component && one.endpoint === endpoint,
    )?.role;
    const step = stepAt.get(address);
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
