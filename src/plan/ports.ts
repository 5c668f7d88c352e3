import { hasPlanes, hasRequestPlane } from '../config/compat/planes.ts';
import { atLeast } from '../config/compat/release.ts';
import type { Job } from '../config/job.ts';
import { engineOf } from '../engines/engines.ts';
import { ENGINE_PORTS, type PlacedWorker, RANK_PORTS, type WorkerPorts } from '../engines/worker.ts';
import type { NodeIndex, Word } from '../word.ts';
import { EVERYWHERE, exposure, LISTENERS } from './exposure.ts';
import type { Port, PortUse, Process } from './plan.ts';

/**
 * Every port of a job and its owner. The bases come from `frontend.port` and `infra.ports`; slots count the
 * workers of a node.
 *
 * | port         | owner                                | number                                        |
 * | ------------ | ------------------------------------ | --------------------------------------------- |
 * | etcd-client  | etcd, on the head node               | base                                          |
 * | nats         | NATS, on the head node               | base                                          |
 * | nginx        | nginx, on the head node              | `frontend.port`, with several frontends       |
 * | frontend     | each frontend                        | `frontend.port`, or base with several         |
 * | responses    | frontends: what workers send back    | base of rpc + slot after the node's workers*  |
 * | rpc          | workers: requests                    | base + slot                                   |
 * | system       | workers: health, metrics, model card | base + slot                                   |
 * | dist-init …  | leaders, for the ranks of the worker | base + 20 × slot, and those after it          |
 * | bootstrap    | leaders of prefill workers           | base + index of the worker, unique in the job |
 * | kv-events    | workers with `kv_events`: dp ports   | base + data parallel ranks of earlier workers |
 * | side-channel | workers with NIXL: dp ports          | base + data parallel ranks of earlier workers |
 * | engine       | workers of one node, where they may  | base + 50 × slot, and those after it          |
 *
 * * Before Dynamo 1.6, after the workers of any node, and unique in the job.
 */
/** What is taken on a node so far. */
interface Taken {
  workers: number;
  ranks: number;
}

/** Hands out ports node by node; workers first, in the order of the plan, then frontends. */
export class PortSlots {
  readonly #job: Job;
  readonly #taken = new Map<NodeIndex, Taken>();

  constructor(job: Job) {
    this.#job = job;
  }

  /**
   * A worker of several nodes is alone on them but for CPU-only workers, which come later: its slot is the
   * same on all.
   */
  worker({ role, index, nodes, dp }: Pick<PlacedWorker, 'role' | 'index' | 'nodes' | 'dp'>): WorkerPorts {
    const { ports } = this.#job.infra;
    const taken = nodes.map((node) => this.#on(node));
    const slot = Math.max(...taken.map(({ workers }) => workers));
    const ranks = Math.max(...taken.map((node) => node.ranks));
    for (const node of taken) {
      node.workers = slot + 1;
      node.ranks = ranks + dp;
    }
    return {
      rpc: ports.rpc + slot,
      system: ports.system + slot,
      distInit: ports.dist_init + RANK_PORTS * slot,
      bootstrap: ports.bootstrap + (role === 'prefill' ? index : 0),
      kvEvents: ports.kv_events + ranks,
      sideChannel: ports.side_channel + ranks,
      engine: ports.engine + ENGINE_PORTS * slot,
    };
  }

  /**
   * Where the frontend of an index, on a node, listens for what workers send back. Before 1.6 it listens on all addresses,
   * and a rehearsal has all nodes on one machine: then each frontend has a port that no other process of the job has.
   */
  frontend(node: NodeIndex, index: number): number {
    const { infra, dynamo } = this.#job;
    if (atLeast(dynamo.version, '1.6')) return infra.ports.rpc + this.#on(node).workers;
    const most = Math.max(0, ...[...this.#taken.values()].map(({ workers }) => workers));
    return infra.ports.rpc + most + index;
  }

  #on(node: NodeIndex): Taken {
    const taken = this.#taken.get(node) ?? { workers: 0, ranks: 0 };
    this.#taken.set(node, taken);
    return taken;
  }
}

/** The port of each frontend: the clients' own, unless nginx has that. */
export function frontendPort(job: Job): number {
  return job.frontend.count > 1 ? job.infra.ports.frontend : job.frontend.port;
}

export function frontendPorts(job: Job, responses: number): readonly Port[] {
  const entry = portOf(job, 'frontend', frontendPort(job));
  return hasPlanes(job) ? [entry, portOf(job, 'responses', responses)] : [entry];
}

/** Ports of a worker's leader, which runs the command. */
export function workerPorts(job: Job, worker: PlacedWorker, argv: readonly Word[]): readonly Port[] {
  const { config, ports } = worker;
  const owned = [portOf(job, 'system', ports.system)];
  // Before 0.8 requests traveled through NATS, as they still do where `request_plane` says so.
  if (hasRequestPlane(job) && job.infra.request_plane === 'tcp') owned.unshift(portOf(job, 'rpc', ports.rpc));
  const engine = engineOf(job, config).ports(worker, argv, job);
  return [
    ...owned,
    ...engine.map(({ use, port, count, everywhere }) => ({
      ...portOf(job, use, port, count),
      ...(everywhere && EVERYWHERE),
    })),
  ];
}

export function portsOfRank(ports: readonly Port[], rank: number): readonly Port[] {
  return rank === 0 ? ports : ports.filter(({ use }) => !LISTENERS[use].leader);
}

/** Ports that two processes of one node would both take, as `node 0: port 8000 of frontend-0 and nginx`. */
export function portClashes(processes: readonly Process[]): readonly string[] {
  const owners = new Map<string, string>();
  const clashes: string[] = [];
  for (const { name, nodeIndex, ports } of processes) {
    for (const { port: first, count } of ports) {
      for (let number = first; number < first + count; number++) {
        const key = `${nodeIndex}:${number}`;
        const owner = owners.get(key);
        if (owner !== undefined) clashes.push(`node ${nodeIndex}: port ${number} of ${owner} and ${name}`);
        owners.set(key, name);
      }
    }
  }
  return clashes;
}

/** `8000`, `29500-29506`. */
export function portRange({ port, count }: Pick<Port, 'port' | 'count'>): string {
  return count === 1 ? `${port}` : `${port}-${port + count - 1}`;
}

/** `number`: by default the one that the config has for the use. */
export function portOf(
  job: Job,
  use: PortUse,
  number = job.infra.ports[LISTENERS[use].field],
  count = 1,
): Port {
  return { port: number, count, use, ...exposure(use, job) };
}
