import type { Job } from '../config/job.ts';
import { gpusPerNode } from '../config/schema/gpu.ts';
import type { JobConfig } from '../config/schema/job-schema.ts';
import { rolesOf } from '../config/schema/role.ts';
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
  /** The address that workers send their responses to. */
  readonly responsePort: number;
}

/**
 * Gives each worker its nodes, GPUs, sizes and ports, and each frontend its node. The config's rules must
 * hold.
 */
export function place(job: Job): Placement {
  const perNode = gpusPerNode(job.gpu, job.cluster);
  if (perNode === undefined) throw new Error(`no rule refused the unknown GPU model ${job.gpu}`);
  const { spots, nodes } = layOut(job, perNode, dedicatedNodes(job));
  const slots = new PortSlots(job);
  const onGpus = new Map<NodeIndex, number>();
  for (const spot of spots)
    for (const node of spot.gpus.length > 0 ? spot.nodes : []) onGpus.set(node, (onGpus.get(node) ?? 0) + 1);
  const workers = spots.map((spot): PlacedWorker => {
    const { role, index, config } = spot;
    const sizes = parallelism(config, workerSize(role, config, perNode).gpus);
    return {
      ...spot,
      name: `${role}-${index}`,
      sharesNode: spot.gpus.length > 0 && spot.nodes.some((node) => (onGpus.get(node) ?? 0) > 1),
      ...sizes,
      ports: slots.worker({ ...spot, dp: sizes.dp }),
    };
  });
  const frontends = frontendNodes(job, nodes).map((node, index) => ({
    name: `frontend-${index}`,
    node,
    port: frontendPort(job),
    responsePort: slots.frontend(node, index),
  }));
  return { nodes, gpusPerNode: perNode, workers, frontends };
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

/** The nodes and GPUs of a worker. */
type Spot = Pick<PlacedWorker, 'role' | 'index' | 'config' | 'nodes' | 'gpus'>;

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
function layOut(job: Job, perNode: number, dedicated: number): Pick<Placement, 'nodes'> & { spots: Spot[] } {
  const spots: Spot[] = [];
  const open: OpenNode[] = [];
  const wholeNode = range(0, perNode);
  let next = dedicated;
  for (const [role, config] of rolesOf(job)) {
    const { gpus, nodes } = workerSize(role, config, perNode);
    let candidate = 0;
    for (let index = 0; index < config.workers; index++) {
      if (gpus === 0) {
        spots.push({ role, index, config, nodes: [dedicated], gpus: [] });
      } else if (nodes > 0) {
        spots.push({ role, index, config, nodes: range(next, nodes), gpus: wholeNode });
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

function range(start: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, offset) => start + offset);
}
