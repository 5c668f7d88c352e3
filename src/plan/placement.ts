import { gpusPerNode } from '../config/gpu.ts';
import type { Job } from '../config/job.ts';
import { layOut } from '../config/layout.ts';
import { parallelism, workerSize } from '../config/sizing.ts';
import type { NodeIndex } from './plan.ts';
import { frontendPort, PortSlots } from './ports.ts';
import type { PlacedWorker } from './worker.ts';

export interface Placement {
  /** Nodes of the job. */
  readonly nodes: number;
  readonly gpusPerNode: number;
  /** In the order of the roles. */
  readonly workers: readonly PlacedWorker[];
  /** The one list of frontends: they are launched from it, and nginx balances it. */
  readonly frontends: readonly PlacedFrontend[];
}

export interface PlacedFrontend {
  /** `frontend-0`. */
  readonly name: string;
  readonly node: NodeIndex;
  readonly port: number;
  /** Where the workers' responses come back to. */
  readonly responsePort: number;
}

/**
 * Gives each worker its nodes, GPUs, sizes and ports, and each frontend its node. The config's rules must
 * hold.
 */
export function place(job: Job): Placement {
  const perNode = gpusPerNode(job.gpu, job.site);
  if (perNode === undefined) throw new Error(`no rule refused the unknown GPU model ${job.gpu}`);
  const layout = layOut(job, perNode);
  const slots = new PortSlots(job);
  const gpuWorkers = countByNode(layout.spots.filter(({ gpus }) => gpus.length > 0));
  const workers = layout.spots.map(({ role, index, nodes, gpus }): PlacedWorker => {
    const config = job[role];
    if (!config) throw new Error(`the layout holds a ${role} worker that the job does not`);
    const { tp, pp, dp, ep } = parallelism(config, workerSize(role, config, perNode).gpus);
    return {
      name: `${role}-${index}`,
      role,
      index,
      config,
      nodes,
      gpus,
      sharesNode: gpus.length > 0 && nodes.some((node) => (gpuWorkers.get(node) ?? 0) > 1),
      tp,
      pp,
      dp,
      ep,
      ports: slots.worker({ role, index, nodes, dp }),
    };
  });
  const frontends = frontendNodes(layout.nodes, job.frontend.count).map((node, index) => ({
    name: `frontend-${index}`,
    node,
    port: frontendPort(job),
    responsePort: slots.frontend(node),
  }));
  return { nodes: layout.nodes, gpusPerNode: perNode, workers, frontends };
}

/**
 * Nodes of the frontends: the head node, and the rest spread evenly over the other nodes. At most one on a
 * node.
 */
export function frontendNodes(nodes: number, frontends: number): readonly NodeIndex[] {
  const others = frontends - 1;
  const spread = Array.from({ length: others }, (_, index) => 1 + Math.floor((index * (nodes - 1)) / others));
  return [0, ...spread];
}

function countByNode(
  spots: readonly { readonly nodes: readonly NodeIndex[] }[],
): ReadonlyMap<NodeIndex, number> {
  const counts = new Map<NodeIndex, number>();
  for (const { nodes } of spots) {
    for (const node of nodes) counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return counts;
}
