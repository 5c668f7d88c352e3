import type { PublishedTopology } from '../config/published-topology.ts';
import { gpusPerNode } from '../config/schema/gpu.ts';
import { needsGpu, type Role, type RoleConfig } from '../config/schema/role.ts';

/** How much of the job's nodes one worker takes. */
export interface WorkerSize {
  /** On all of its nodes together; 0 for a worker that runs on CPUs alone. */
  readonly gpus: number;
  /** Nodes that it shares with nobody, with the same number of GPUs on each; 0 where it takes a part of one, or no GPU. */
  readonly nodes: number;
}

/**
 * Size of each worker of a role, one node where nothing is said. Whole numbers only if the rules of sizes
 * hold.
 */
export function workerSize(role: Role, config: RoleConfig, perNode: number): WorkerSize {
  const gpus = config.gpus_per_worker ?? defaultGpus(role, config, perNode);
  return { gpus, nodes: gpus < perNode ? 0 : Math.ceil(gpus / perNode) };
}

function defaultGpus(role: Role, config: RoleConfig, perNode: number): number {
  if (config.nodes !== undefined) return (config.nodes / config.workers) * perNode;
  return needsGpu(role) ? perNode : 0;
}

/** Whether engines can run a worker of so many GPUs: each of its nodes has the same number of ranks. */
export function splitsEvenly(gpus: number, perNode: number): boolean {
  return gpus < perNode || gpus % Math.ceil(gpus / perNode) === 0;
}

/** Nodes that are a role's own, which its small workers share only with each other; undefined where it has none. */
export function ownNodes(config: RoleConfig, perNode: number): number | undefined {
  const { workers, nodes, gpus_per_worker: gpus, spread } = config;
  if (gpus === undefined || gpus === 0) return undefined;
  return nodes ?? (spread && gpus < perNode ? workers : undefined);
}

/** How many small workers of so many GPUs a node of a role's own takes. */
export function workersPerNode({ spread }: RoleConfig, gpus: number, perNode: number): number {
  return spread ? 1 : Math.floor(perNode / gpus);
}

/** How large the workers of a role are. */
export interface RoleShape {
  readonly role: Role;
  readonly workers: number;
  /** Nodes that one worker shares with nobody; 0 where it takes a part of one. */
  readonly nodesPerWorker: number;
  readonly gpusPerWorker: number;
}

/** The sizes of a published topology, on nodes of its GPU model. */
export function roleShapes({ gpu, roles }: PublishedTopology): readonly RoleShape[] {
  const perNode = gpusPerNode(gpu, {}) ?? 0;
  return roles.map(({ role, config }) => {
    const { gpus, nodes } = workerSize(role, config, perNode);
    return { role, workers: config.workers, nodesPerWorker: nodes, gpusPerWorker: gpus };
  });
}
