import type { Role } from '../../config/schema/role.ts';
import type { Host } from '../../host/host.ts';
import type { PlanNode, PlanWorker, Port, Process, Readiness } from '../../plan/plan.ts';
import { readPlan } from '../../run/plan-file.ts';

/** What an observer needs of plan.json to find a service. */
export interface PlannedService {
  readonly processes: readonly (Pick<Process, 'name' | 'kind' | 'role' | 'nodeIndex' | 'nodeRank'> &
    Partial<Pick<Process, 'argv' | 'gpus'>> & {
      /** `loopback`: it listens at 127.0.0.1 of its node, and no observer gets there. */
      readonly ports: readonly (Port & { readonly loopback?: boolean })[];
    })[];
  readonly workers: readonly Pick<PlanWorker, 'name' | 'role' | 'nodes'>[];
  readonly readiness: Pick<Readiness, 'model' | 'endpoints' | 'readyRoute'>;
  readonly nodes: readonly Pick<PlanNode, 'index'>[];
}

/** Where something listens. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

export interface WorkerPlace {
  readonly step: string;
  readonly role: Role;
  /** The leader's system port; absent where it has none. */
  readonly system?: Place;
  /** `ADDRESS:PORT` under which it registers; absent where requests do not travel by TCP. */
  readonly registers?: string;
}

/** Where the processes of a running service listen. */
export interface Places {
  readonly etcd?: Place;
  readonly nats?: Place;
  readonly frontends: readonly (Place & { readonly step: string })[];
  readonly workers: readonly WorkerPlace[];
  readonly readiness: PlannedService['readiness'];
}

/** Undefined where there is no plan.json that can be read. */
export async function readPlannedService(
  host: Host,
  run: { readonly dir: string },
): Promise<PlannedService | undefined> {
  const { processes, workers = [], readiness, nodes = [] } = (await readPlan(host, run)) ?? {};
  // Of roles, kinds and uses that we do not know nobody asks.
  return processes && readiness && ({ processes, workers, readiness, nodes } as PlannedService);
}

/** `bound`: the nodes' addresses. `moved`: ports that the job has put elsewhere, by their planned number. */
export function placesOf(
  { processes, readiness }: PlannedService,
  bound: readonly { readonly index: number; readonly ip: string }[],
  moved: ReadonlyMap<number, number> = new Map(),
): Places {
  const addresses = new Map(bound.map(({ index, ip }) => [index, ip]));
  const place = (step: (typeof processes)[number], use: string): Place | undefined => {
    const address = addresses.get(step.nodeIndex);
    const { port, loopback } = step.ports.find((each) => each.use === use) ?? {};
    // On a machine other than the node that address is somebody else's.
    return address === undefined || port === undefined || loopback
      ? undefined
      : { address, port: moved.get(port) ?? port };
  };
  const first = (kind: string, use: string) => {
    const step = processes.find((each) => each.kind === kind);
    return step && place(step, use);
  };
  const etcd = first('etcd', 'etcd-client');
  const nats = first('nats', 'nats');
  return {
    ...(etcd && { etcd }),
    ...(nats && { nats }),
    frontends: processes.flatMap((step) => {
      const at = step.kind === 'frontend' ? place(step, 'frontend') : undefined;
      return at ? [{ step: step.name, ...at }] : [];
    }),
    workers: processes.flatMap((step) => {
      if (step.kind !== 'worker' || step.role === null || step.nodeRank !== 0) return [];
      const [system, rpc] = [place(step, 'system'), place(step, 'rpc')];
      return [
        {
          step: step.name,
          role: step.role,
          ...(system && { system }),
          ...(rpc && { registers: `${rpc.address}:${rpc.port}` }),
        },
      ];
    }),
    readiness,
  };
}
