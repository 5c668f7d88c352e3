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
  const gpus = givenGpus(config) ?? defaultGpus(role, config, perNode);
  return { gpus, nodes: isPart(config, gpus, perNode) ? 0 : Math.ceil(gpus / perNode) };
}

/** Whether a worker takes only a part of a node. */
function isPart({ gpu_share: share }: RoleConfig, gpus: number, perNode: number): boolean {
  return gpus < perNode || share !== undefined;
}

/** GPUs of each worker, where the role gives them: a worker with a share of a GPU has one. */
function givenGpus({ gpus_per_worker: gpus, gpu_share: share }: RoleConfig): number | undefined {
  return gpus ?? (share === undefined ? undefined : 1);
}

/** How many workers with this share of a GPU it holds. The sum of shares such as 0.1 is not exact. */
export function workersPerGpu(share: number): number {
  return Math.floor(1 / share + 1e-9);
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
  const { workers, nodes, spread } = config;
  const gpus = givenGpus(config);
  if (gpus === undefined || gpus === 0) return undefined;
  return nodes ?? (spread && isPart(config, gpus, perNode) ? workers : undefined);
}

/** How many small workers of so many GPUs a node of a role's own takes. */
export function workersPerNode(
  { spread, gpu_share: share }: RoleConfig,
  gpus: number,
  perNode: number,
): number {
  if (spread) return 1;
  return share === undefined ? Math.floor(perNode / gpus) : perNode * workersPerGpu(share);
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
