import type { NodeIndex } from '../argument.ts';
import type { Job } from '../config/job.ts';
import { gpusPerNode } from '../config/schema/gpu.ts';
import type { JobConfig } from '../config/schema/job-schema.ts';
import { engineOf } from '../engines/engines.ts';
import type { PlacedWorker } from '../engines/worker.ts';
import { frontendOf } from '../frontends/frontends.ts';
import { layOut } from './layout.ts';
import { PortSlots } from './port-slots.ts';
import { workerSize } from './sizing.ts';

export interface Placement {
  /** Nodes of the job. */
  readonly nodes: number;
  readonly gpusPerNode: number;
  /** In the order of the roles. */
  readonly workers: readonly PlacedWorker[];
  /** The one list of frontends: they are launched from it, and nginx balances it. */
  readonly frontends: readonly PlacedFrontend[];
  /** The node that a benchmark runs on. */
  readonly bench: NodeIndex;
}

export interface PlacedFrontend {
  /** `frontend-0`. */
  readonly name: string;
  readonly node: NodeIndex;
  readonly port: number;
  /** The port that workers send their responses to, or that its metrics are on. */
  readonly secondPort: number;
}

/** Gives each worker its nodes, GPUs, sizes and ports, and each frontend its node. The config's rules must hold. */
export function place(job: Job): Placement {
  const perNode = gpusPerNode(job.gpu, job.cluster);
  if (perNode === undefined) throw new Error(`no rule refused the unknown GPU model ${job.gpu}`);
  const { spots, nodes } = layOut(job, perNode, dedicatedNodes(job));
  const slots = new PortSlots(job);
  const onGpus = new Map<NodeIndex, number>();
  for (const spot of spots)
    for (const node of spot.gpus.length > 0 ? spot.nodes : []) onGpus.set(node, (onGpus.get(node) ?? 0) + 1);
  const shares = new Map<string, number>();
  const workers = spots.map((spot): PlacedWorker => {
    const { role, index, config } = spot;
    const engine = engineOf(job, config);
    const { gpus } = workerSize(role, config, perNode);
    const sizes = engine.sizes(config, gpus);
    const sized = { role, config, gpus, nodes: spot.nodes.length, ...sizes };
    return {
      ...spot,
      name: `${role}-${index}`,
      sharesNode: spot.gpus.length > 0 && spot.nodes.some((node) => (onGpus.get(node) ?? 0) > 1),
      ...shareOf(spot, shares),
      ...sizes,
      ports: slots.worker({ ...spot, dp: sizes.dp }, engine.serversPerNode?.(sized) ?? 1),
    };
  });
  const before = frontendOf(job).command ? frontendNodes(job, nodes) : [];
  const frontends = before.map((node, index) => ({
    name: `frontend-${index}`,
    node,
    ...slots.frontend(node, index),
  }));
  return {
    nodes: nodes + benchNodes(job),
    gpusPerNode: perNode,
    workers,
    frontends,
    bench: benchNode(job, nodes, workers),
  };
}

/** A worker's part of its GPU. `taken`: what workers have of GPUs that are shared so far, by node and GPU. */
function shareOf(
  { config: { gpu_share: part = 1 }, nodes, gpus }: Pick<PlacedWorker, 'config' | 'nodes' | 'gpus'>,
  taken: Map<string, number>,
): Pick<PlacedWorker, 'share'> {
  if (part === 1) return {};
  const gpu = `${nodes[0]} ${gpus[0]}`;
  const before = taken.get(gpu) ?? 0;
  taken.set(gpu, before + part);
  return { share: { part, before } };
}

/** Nodes after all others that only the benchmark has. */
export function benchNodes({ bench }: Pick<JobConfig, 'bench'>): number {
  return bench?.node === 'own' ? 1 : 0;
}

/** `nodes`: all but the benchmark's own. */
function benchNode({ bench }: Job, nodes: number, workers: readonly PlacedWorker[]): NodeIndex {
  const { node = 'head' } = bench ?? {};
  if (node === 'head') return 0;
  if (node === 'own') return nodes;
  if (node === 'last') return nodes - 1;
  return workers.find(({ role }) => role === node)?.nodes[0] ?? 0;
}

/**
 * Nodes of the frontends. The first nodes, where they are theirs alone; else the first that has workers, and the rest spread
 * evenly over the others. More frontends than nodes go around them.
 */
export function frontendNodes(
  { infra, frontend }: Pick<Job, 'infra' | 'frontend'>,
  nodes: number,
): readonly NodeIndex[] {
  const first = infra.dedicated_node ? 1 : 0;
  const { count, dedicated_nodes: dedicated } = frontend;
  const shared = nodes - first;
  const nth = (index: number) => {
    if (dedicated) return index;
    if (count > shared) return index % shared;
    return index === 0 ? 0 : 1 + Math.floor(((index - 1) * (shared - 1)) / (count - 1));
  };
  return Array.from({ length: count }, (_, index) => first + nth(index));
}

/** Nodes before the workers' own: of etcd, NATS and nginx, and of the frontends. */
export function dedicatedNodes({ infra, frontend }: Pick<JobConfig, 'infra' | 'frontend'>): number {
  return (infra.dedicated_node ? 1 : 0) + (frontend.dedicated_nodes ? frontend.count : 0);
}
