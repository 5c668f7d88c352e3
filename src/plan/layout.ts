import type { NodeIndex } from '../argument.ts';
import type { Job } from '../config/job.ts';
import { type Role, type RoleConfig, rolesOf } from '../config/schema/role.ts';
import type { PlacedWorker } from '../engines/worker.ts';
import { ownNodes, workerSize, workersPerGpu, workersPerNode } from './sizing.ts';

/** The nodes and GPUs of a worker. */
type Spot = Pick<PlacedWorker, 'role' | 'index' | 'config' | 'nodes' | 'gpus'>;

/** A node that small workers fill from GPU 0 on. */
interface OpenNode {
  readonly index: number;
  taken: number;
  /** What is left of GPUs that workers share, by their numbers. */
  readonly left: Map<number, number>;
}

/**
 * Gives each worker its nodes: role by role, in the order of `ROLES`. Workers of a whole node or of several nodes take
 * the next contiguous ones, with the same number of GPUs on each, and share them with nobody, and so do roles with nodes of
 * their own; smaller workers, of whatever role, fill the first node with enough GPUs left, and workers with a share of a GPU
 * the first GPU with enough left; CPU-only workers sit on the
 * first of these nodes. `dedicated` nodes come before them. Time and space grow with the nodes. The rules of sizes must
 * hold.
 */
export function layOut(
  job: Job,
  perNode: number,
  dedicated: number,
): { readonly nodes: number; readonly spots: readonly Spot[] } {
  const spots: Spot[] = [];
  const open: OpenNode[] = [];
  let next = dedicated;
  for (const [role, config] of rolesOf(job)) {
    const { gpus, nodes } = workerSize(role, config, perNode);
    const own = ownNodes(config, perNode);
    if (own !== undefined) {
      spots.push(...onOwnNodes(role, config, next, perNode));
      next += own;
      continue;
    }
    let candidate = 0;
    for (let index = 0; index < config.workers; index++) {
      if (gpus === 0) {
        spots.push({ role, index, config, nodes: [dedicated], gpus: [] });
      } else if (nodes > 0) {
        spots.push({ role, index, config, nodes: range(next, nodes), gpus: range(0, gpus / nodes) });
        next += nodes;
      } else {
        let node = open[candidate];
        let taken = node && take(node, config, gpus, perNode);
        while (node && taken === undefined) {
          node = open[++candidate];
          taken = node && take(node, config, gpus, perNode);
        }
        if (node === undefined) {
          node = { index: next++, taken: 0, left: new Map() };
          open.push(node);
          taken = take(node, config, gpus, perNode);
        }
        spots.push({ role, index, config, nodes: [node.index], gpus: taken ?? [] });
      }
    }
  }
  return { spots, nodes: Math.max(next, dedicated + 1) };
}

/** The GPUs of a node that a worker takes: a part of one that others share, or the next ones. Undefined where none is left. */
function take(node: OpenNode, { gpu_share: share = 1 }: RoleConfig, gpus: number, perNode: number) {
  const [shared] = [...node.left].find(([, left]) => left + 1e-9 >= share) ?? [];
  if (share < 1 && shared !== undefined) {
    node.left.set(shared, (node.left.get(shared) ?? 0) - share);
    return [shared];
  }
  if (node.taken + gpus > perNode) return undefined;
  const own = range(node.taken, gpus);
  if (share < 1) node.left.set(node.taken, 1 - share);
  node.taken += gpus;
  return own;
}

/** A role's workers on nodes that are theirs alone, from the first on: GPUs may be left over. */
function onOwnNodes(role: Role, config: RoleConfig, first: NodeIndex, perNode: number): readonly Spot[] {
  const { gpus, nodes } = workerSize(role, config, perNode);
  const perOwnNode = nodes > 0 ? 1 : workersPerNode(config, gpus, perNode);
  const perGpu = config.gpu_share === undefined || config.spread ? 1 : workersPerGpu(config.gpu_share);
  return Array.from({ length: config.workers }, (_, index) => {
    const node = first + Math.floor(index / perOwnNode) * Math.max(1, nodes);
    return nodes > 0
      ? { role, index, config, nodes: range(node, nodes), gpus: range(0, gpus / nodes) }
      : {
          role,
          index,
          config,
          nodes: [node],
          gpus: range(Math.floor((index % perOwnNode) / perGpu) * gpus, gpus),
        };
  });
}

function range(start: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, offset) => start + offset);
}
