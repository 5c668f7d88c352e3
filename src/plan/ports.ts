import type { Arg } from '../argument.ts';
import { hasPlanes, hasRequestPlane } from '../config/compat/planes.ts';
import type { Job } from '../config/job.ts';
import { usesDynamo } from '../config/schema/sections.ts';
import { engineOf } from '../engines/engines.ts';
import type { PlacedWorker } from '../engines/worker.ts';
import { frontendOf } from '../frontends/frontends.ts';
import { EVERYWHERE, exposure, LISTENERS } from './exposure.ts';
import type { Port, PortUse, Process } from './plan.ts';

/** `first`: its port for clients, or for nginx; `second`: one beside it, for what workers send back, or for a page of metrics. */
export function frontendPorts(job: Job, first: number, second: number): readonly Port[] {
  const entry = portOf(job, 'frontend', first);
  const { metrics } = frontendOf(job);
  if (metrics === 'router-metrics') return [entry, portOf(job, metrics, second)];
  return usesDynamo(job) && hasPlanes(job) ? [entry, portOf(job, 'responses', second)] : [entry];
}

/** Where a worker says how it is: its system server under Dynamo, else the engine's own. */
export function workerPort(job: Job): 'system' | 'server' {
  return usesDynamo(job) ? 'system' : 'server';
}

/** Ports of a worker's leader, which runs the command. */
export function workerPorts(job: Job, worker: PlacedWorker, argv: readonly Arg[]): readonly Port[] {
  const { config, ports } = worker;
  const dynamo = usesDynamo(job);
  const owned = dynamo ? [portOf(job, 'system', ports.system)] : [];
  // Before 0.8 requests traveled through NATS, as they still do where `request_plane` says so.
  if (dynamo && hasRequestPlane(job) && job.infra.request_plane === 'tcp')
    owned.unshift(portOf(job, 'rpc', ports.rpc));
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
