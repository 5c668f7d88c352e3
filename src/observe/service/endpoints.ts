import type { Role } from '../../config/schema/role.ts';
import type { PlanFile } from '../../run/plan-file.ts';
import type { RunState } from '../../run/state.ts';

/** An address to connect to. */
export interface HostPort {
  readonly address: string;
  readonly port: number;
}

export interface WorkerEndpoint {
  readonly step: string;
  readonly role: Role;
  /** The leader's system port; absent where it has none. */
  readonly system?: HostPort;
  /** Those of its other processes, where they serve, too. */
  readonly others?: readonly HostPort[];
  /**
   * `ADDRESS:PORT` of each of its processes, under which that registers if it serves: its leader first. Empty where requests do
   * not travel by TCP.
   */
  readonly registers: readonly string[];
}

/** The addresses of a running service's processes. */
export interface ServiceEndpoints {
  readonly etcd?: HostPort;
  readonly nats?: HostPort;
  readonly frontends: readonly (HostPort & { readonly step: string })[];
  readonly workers: readonly WorkerEndpoint[];
  readonly readiness: Pick<NonNullable<PlanFile['readiness']>, 'model' | 'endpoints' | 'readyRoute'>;
}

/** Whether it is the first process of its step. */
const leads = ({ nodeRank, localRank = 0 }: PlanFile['processes'][number]): boolean =>
  nodeRank === 0 && localRank === 0;

/** Undefined where the plan cannot be read, or before the job has its nodes. */
export function endpointsOf(
  plan: Pick<PlanFile, 'processes' | 'readiness'> | undefined,
  { bound, ports }: Pick<RunState, 'bound' | 'ports'>,
): ServiceEndpoints | undefined {
  if (plan?.readiness === undefined || bound === undefined) return undefined;
  const { processes, readiness } = plan;
  const addresses = new Map(bound.nodes.map(({ index, ip }) => [index, ip]));
  const endpoint = (step: (typeof processes)[number], use: string): HostPort | undefined => {
    const address = addresses.get(step.nodeIndex);
    const { port, loopback } = step.ports.find((each) => each.use === use) ?? {};
    // On a machine other than the node that address is somebody else's.
    return address === undefined || port === undefined || loopback
      ? undefined
      : { address, port: ports.get(port) ?? port };
  };
  const first = (kind: string, use: string) => {
    const step = processes.find((each) => each.kind === kind);
    return step && endpoint(step, use);
  };
  const etcd = first('etcd', 'etcd-client');
  const nats = first('nats', 'nats');
  return {
    ...(etcd && { etcd }),
    ...(nats && { nats }),
    frontends: processes.flatMap((step) => {
      const at = step.kind === 'frontend' ? endpoint(step, 'frontend') : undefined;
      return at ? [{ step: step.name, ...at }] : [];
    }),
    workers: processes.flatMap((step) => {
      if (step.kind !== 'worker' || step.role === null || !leads(step)) return [];
      const system = endpoint(step, 'system');
      const ranks = processes.filter(({ name }) => name === step.name);
      const workers = processes.filter((one) => one.role === step.role && leads(one)).length;
      const instances = readiness.endpoints.find(({ role }) => role === step.role)?.workers ?? 0;
      const others =
        ranks.length > 1 && instances === workers * ranks.length
          ? ranks.slice(1).flatMap((rank) => endpoint(rank, 'system') ?? [])
          : [];
      return [
        {
          step: step.name,
          role: step.role,
          ...(system && { system }),
          ...(others.length > 0 && { others }),
          registers: ranks.flatMap((rank) => {
            const rpc = endpoint(rank, 'rpc');
            return rpc ? [`${rpc.address}:${rpc.port}`] : [];
          }),
        },
      ];
    }),
    readiness,
  };
}
