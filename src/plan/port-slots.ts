import type { NodeIndex } from '../argument.ts';
import { atLeast } from '../config/compat/release.ts';
import type { Job } from '../config/job.ts';
import { servesAlone, usesDynamo } from '../config/schema/sections.ts';
import { ENGINE_PORTS, type PlacedWorker, RANK_PORTS, type WorkerPorts } from '../engines/worker.ts';

/** What is taken on a node so far. */
interface Taken {
  workers: number;
  ranks: number;
  frontends: number;
}

/**
 * Every port of a job and its owner. The bases come from `frontend.port` and `infra.ports`; slots count the
 * workers of a node, and its frontends.
 *
 * | port         | owner                                | number                                        |
 * | ------------ | ------------------------------------ | --------------------------------------------- |
 * | etcd-client  | etcd, on the head node               | base                                          |
 * | nats         | NATS, on the head node               | base                                          |
 * | nginx        | nginx, on the head node              | `frontend.port`, with several frontends       |
 * | frontend     | each frontend                        | `frontend.port`, or base + slot with several  |
 * | responses    | frontends: what workers send back    | base of rpc + slot after the node's workers*  |
 * | router-met…  | an engine's own router: metrics      | as responses                                  |
 * | rpc          | workers: requests                    | base + slot                                   |
 * | system       | workers: health, metrics, model card | base + slot                                   |
 * | server       | workers without Dynamo: HTTP         | as system; `frontend.port` without a frontend |
 * | dist-init …  | leaders, for the ranks of the worker | base + 20 × slot, and those after it          |
 * | bootstrap    | leaders of prefill workers           | base + index of the worker, unique in the job |
 * | kv-events    | workers with `kv_events`: dp ports   | base + data parallel ranks of earlier workers |
 * | side-channel | workers with NIXL: dp ports          | base + data parallel ranks of earlier workers |
 * | engine       | workers of one node, where they may  | base + 50 × slot, and those after it          |
 *
 * * Before Dynamo 1.6, after the workers of any node, and unique in the job.
 *
 * A worker of which several processes serve on a node has a slot there for each of them.
 *
 * Numbers are handed out node by node; workers first, in the order of the plan, then frontends.
 */
export class PortSlots {
  readonly #job: Job;
  readonly #taken = new Map<NodeIndex, Taken>();

  constructor(job: Job) {
    this.#job = job;
  }

  /**
   * A worker of several nodes is alone on them but for CPU-only workers, which come later: its slot is the
   * same on all. `servers`: how many slots it takes on each, one for each process that serves there.
   */
  worker(
    { role, index, nodes, dp }: Pick<PlacedWorker, 'role' | 'index' | 'nodes' | 'dp'>,
    servers: number,
  ): WorkerPorts {
    const { ports } = this.#job.infra;
    const taken = nodes.map((node) => this.#on(node));
    const slot = Math.max(...taken.map(({ workers }) => workers));
    const ranks = Math.max(...taken.map((node) => node.ranks));
    for (const node of taken) {
      node.workers = slot + servers;
      node.ranks = ranks + dp;
    }
    return {
      rpc: ports.rpc + slot,
      // Where no frontend stands before the worker, clients use its server.
      system: servesAlone(this.#job) ? this.#job.frontend.port : ports.system + slot,
      distInit: ports.dist_init + RANK_PORTS * slot,
      bootstrap: ports.bootstrap + (role === 'prefill' ? index : 0),
      kvEvents: ports.kv_events + ranks,
      sideChannel: ports.side_channel + ranks,
      engine: ports.engine + ENGINE_PORTS * slot,
    };
  }

  /**
   * Where the frontend of an index, on a node, listens: for requests, and for what workers send back, or for metrics. Before 1.6
   * it does the second on all addresses, and a rehearsal has all nodes on one machine: then each frontend has a port for that
   * which no other process of the job has.
   */
  frontend(node: NodeIndex, index: number): { readonly port: number; readonly secondPort: number } {
    const { infra, dynamo, frontend } = this.#job;
    const taken = this.#on(node);
    const slot = taken.frontends;
    taken.frontends += 1;
    const port = frontend.count > 1 ? infra.ports.frontend + slot : frontend.port;
    if (!usesDynamo(this.#job) || atLeast(dynamo.version, '1.6'))
      return { port, secondPort: infra.ports.rpc + taken.workers + slot };
    const most = Math.max(0, ...[...this.#taken.values()].map(({ workers }) => workers));
    return { port, secondPort: infra.ports.rpc + most + index };
  }

  #on(node: NodeIndex): Taken {
    const taken = this.#taken.get(node) ?? { workers: 0, ranks: 0, frontends: 0 };
    this.#taken.set(node, taken);
    return taken;
  }
}
