import type { Job } from '../config/job.ts';
import { engineOf } from '../engines/engines.ts';
import { ENGINE_PORTS, type PlacedWorker } from '../engines/worker.ts';
import type { Port } from './plan.ts';

/**
 * The processes that serve on each node of a worker, as if each were a worker: with its part of the GPUs, and ports of its
 * own. Nearly always it is one, the worker itself.
 */
export function nodeServers(job: Job, worker: PlacedWorker): readonly PlacedWorker[] {
  const { config, nodes, gpus, ports } = worker;
  const count =
    engineOf(job, config).serversPerNode?.({
      ...worker,
      nodes: nodes.length,
      gpus: gpus.length * nodes.length,
    }) ?? 1;
  const each = gpus.length / count;
  return Array.from({ length: count }, (_, local) => ({
    ...worker,
    gpus: gpus.slice(local * each, (local + 1) * each),
    ports: {
      ...ports,
      rpc: ports.rpc + local,
      system: ports.system + local,
      engine: ports.engine + ENGINE_PORTS * local,
    },
  }));
}

/** What each of several processes on a node has of its own; the rest is for all ranks of the worker. */
const OWN: ReadonlySet<Port['use']> = new Set(['rpc', 'system', 'engine']);

/** The ports of one of a node's processes, given those of the first. */
export function portsOfServer(ports: readonly Port[], local: number): readonly Port[] {
  if (local === 0) return ports;
  return ports
    .filter(({ use }) => OWN.has(use))
    .map((port) => ({ ...port, port: port.port + local * port.count }));
}
