import type { Job } from '../config/job.ts';
import { gpusPerNode } from '../config/schema/gpu.ts';
import { dedicatedNodes, layOut } from './layout.ts';
import type { NodeIndex } from './plan.ts';
import { frontendPort, PortSlots } from './ports.ts';
import { parallelism, workerSize } from './sizing.ts';
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
  const perNode = gpusPerNode(job.gpu, job.cluster);
  if (perNode === undefined) throw new Error(`no rule refused the unknown GPU model ${job.gpu}`);
  const layout = layOut(job, perNode, dedicatedNodes(job));
  const slots = new PortSlots(job);
  const gpuWorkers = countByNode(layout.spots.filter(({ gpus }) => gpus.length > 0));
  const workers = layout.spots.map(({ role, index, nodes, gpus }): PlacedWorker => {
    const config = job[role];
    if (!config) throw new Error(`the layout holds a ${role} worker that the job does not`);
    const { tp, pp, dp, ep, busy } = parallelism(config, workerSize(role, config, perNode).gpus);
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
      busy,
      ports: slots.worker({ role, index, nodes, dp }),
    };
  });
  const frontends = frontendNodes(job, layout.nodes).map((node, index) => ({
    name: `frontend-${index}`,
    node,
    port: frontendPort(job),
    responsePort: slots.frontend(node, index),
  }));
  return { nodes: layout.nodes, gpusPerNode: perNode, workers, frontends };
}

/**
 * Nodes of the frontends, at most one on a node: the first nodes, where they are theirs alone; else the first that has
 * workers, and the rest spread evenly over the others.
 */
export function frontendNodes(
  { infra, frontend }: Pick<Job, 'infra' | 'frontend'>,
  nodes: number,
): readonly NodeIndex[] {
  const first = infra.dedicated_node ? 1 : 0;
  if (frontend.dedicated_nodes) return Array.from({ length: frontend.count }, (_, index) => first + index);
  const others = frontend.count - 1;
  const left = nodes - first - 1;
  const spread = Array.from(
    { length: others },
    (_, index) => first + 1 + Math.floor((index * left) / others),
  );
  return [first, ...spread];
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
