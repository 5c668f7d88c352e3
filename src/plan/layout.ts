import type { JobConfig } from '../config/schema/job-schema.ts';
import { ROLES, type Role, type RoleConfig } from '../config/schema/role.ts';
import { workerSize } from './sizing.ts';

/** Where a worker goes: node indices and, on each of them, GPU numbers. */
export interface Spot {
  readonly role: Role;
  /** Index of the worker within its role. */
  readonly index: number;
  /** Contiguous and ascending. */
  readonly nodes: readonly number[];
  /** Empty for a worker that runs on CPUs alone. */
  readonly gpus: readonly number[];
}

export interface Layout {
  readonly spots: readonly Spot[];
  /** Nodes of the job. */
  readonly nodes: number;
}

/** A node that small workers fill from GPU 0 on. */
interface OpenNode {
  readonly index: number;
  taken: number;
}

/** Nodes before the workers' own: of etcd, NATS and nginx, and of the frontends. */
export function dedicatedNodes({ infra, frontend }: Pick<JobConfig, 'infra' | 'frontend'>): number {
  return (infra.dedicated_node ? 1 : 0) + (frontend.dedicated_nodes ? frontend.count : 0);
}

/**
 * Gives each worker its nodes: role by role, in the order of `ROLES`. Workers of whole nodes take the next
 * contiguous ones and share them with nobody; smaller workers, of whatever role, fill the first node with
 * enough GPUs left; CPU-only workers sit on the first of these nodes. `dedicated` nodes come before them. Time and
 * space grow with the nodes. The rules of sizes must hold.
 */
export function layOut(
  roles: Readonly<Partial<Record<Role, RoleConfig | undefined>>>,
  perNode: number,
  dedicated = 0,
): Layout {
  const spots: Spot[] = [];
  const open: OpenNode[] = [];
  const wholeNode = range(0, perNode);
  let next = dedicated;
  for (const role of ROLES) {
    const config = roles[role];
    if (config === undefined) continue;
    const { gpus, nodes } = workerSize(role, config, perNode);
    let candidate = 0;
    for (let index = 0; index < config.workers; index++) {
      if (gpus === 0) {
        spots.push({ role, index, nodes: [dedicated], gpus: [] });
      } else if (nodes > 0) {
        spots.push({ role, index, nodes: range(next, nodes), gpus: wholeNode });
        next += nodes;
      } else {
        while ((open[candidate]?.taken ?? 0) + gpus > perNode) candidate++;
        let node = open[candidate];
        if (node === undefined) {
          node = { index: next++, taken: 0 };
          open.push(node);
        }
        spots.push({ role, index, nodes: [node.index], gpus: range(node.taken, gpus) });
        node.taken += gpus;
      }
    }
  }
  return { spots, nodes: Math.max(next, dedicated + 1) };
}

function range(start: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, offset) => start + offset);
}
