import type { NodeIndex } from '../argument.ts';
import type { Job } from '../config/job.ts';
import { type Role, type RoleConfig, rolesOf } from '../config/schema/role.ts';
import type { PlacedWorker } from '../engines/worker.ts';
import { ownNodes, workerSize, workersPerNode } from './sizing.ts';

/** The nodes and GPUs of a worker. */
type Spot = Pick<PlacedWorker, 'role' | 'index' | 'config' | 'nodes' | 'gpus'>;

/** A node that small workers fill from GPU 0 on. */
interface OpenNode {
  readonly index: number;
  taken: number;
}

/**
 * Gives each worker its nodes: role by role, in the order of `ROLES`. Workers of a whole node or of several nodes take
 * the next contiguous ones, with the same number of GPUs on each, and share them with nobody, and so do roles with nodes of
 * their own; smaller workers, of whatever role, fill the first node with enough GPUs left; CPU-only workers sit on the
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
        while ((open[candidate]?.taken ?? 0) + gpus > perNode) candidate++;
        let node = open[candidate];
        if (node === undefined) {
          node = { index: next++, taken: 0 };
          open.push(node);
        }
        spots.push({ role, index, config, nodes: [node.index], gpus: range(node.taken, gpus) });
        node.taken += gpus;
      }
    }
  }
  return { spots, nodes: Math.max(next, dedicated + 1) };
}

/** A role's workers on nodes that are theirs alone, from the first on: GPUs may be left over. */
function onOwnNodes(role: Role, config: RoleConfig, first: NodeIndex, perNode: number): readonly Spot[] {
  const { gpus, nodes } = workerSize(role, config, perNode);
  const perOwnNode = nodes > 0 ? 1 : workersPerNode(config, gpus, perNode);
  return Array.from({ length: config.workers }, (_, index) => {
    const node = first + Math.floor(index / perOwnNode) * Math.max(1, nodes);
    return nodes > 0
      ? { role, index, config, nodes: range(node, nodes), gpus: range(0, gpus / nodes) }
      : { role, index, config, nodes: [node], gpus: range((index % perOwnNode) * gpus, gpus) };
  });
}

function range(start: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, offset) => start + offset);
}
