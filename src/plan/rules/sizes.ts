import type { JobConfig } from '../../config/schema/job-schema.ts';
import { needsGpu, type Role, type RoleConfig, rolesOf } from '../../config/schema/role.ts';
import { count } from '../../config/text/plural.ts';
import { error, type Problem, warning } from '../../config/yaml/problem.ts';
import { ownNodes, splitsEvenly, workerSize, workersPerNode } from '../sizing.ts';

/**
 * Slurm's own limit on the nodes of a cluster (`MAX_SLURM_NODES` of its sources): more is a slip of the pen.
 */
const MOST_NODES = 65_536;
const MOST_GPUS_PER_NODE = 64;

/**
 * Workers, nodes and GPUs agree. The layout and all rules that need one hold only where none of these is an
 * error.
 */
export function* checkSizes(job: JobConfig, perNode: number): Generator<Problem> {
  if (perNode > MOST_GPUS_PER_NODE) {
    yield error(
      ['gpu'],
      `the cluster profile sets gpus_per_node to ${perNode}, but no machine has more than ${MOST_GPUS_PER_NODE} GPUs`,
      'correct gpus_per_node in the cluster profile',
    );
    return;
  }
  for (const [role, config] of rolesOf(job)) yield* checkRole(role, config, perNode);
}

function* checkRole(role: Role, config: RoleConfig, perNode: number): Generator<Problem> {
  const { workers, nodes, gpus_per_worker: gpus } = config;
  const small = gpus !== undefined || config.gpu_share !== undefined;
  if (nodes !== undefined && !small && nodes % workers !== 0) {
    yield error(
      [role, 'nodes'],
      `${count(nodes, 'node')} cannot be divided among ${count(workers, 'worker')}`,
      `use a multiple of ${workers}, or gpus_per_worker instead of nodes to put several workers on a node`,
    );
    return;
  }
  if (config.gpu_share !== undefined && (!needsGpu(role) || (gpus !== undefined && gpus !== 1))) {
    yield error(
      [role, 'gpu_share'],
      needsGpu(role)
        ? `is a part of one GPU, but each ${role} worker has ${count(gpus ?? 0, 'GPU')}`
        : `${role} workers run without a GPU`,
      needsGpu(role) ? 'remove gpus_per_worker, or remove gpu_share' : 'remove it',
    );
    return;
  }
  if (gpus === 0 && needsGpu(role)) {
    yield error(
      [role, 'gpus_per_worker'],
      `${role} workers need at least one GPU each`,
      `use 1 to ${perNode}, or a multiple of ${perNode}`,
    );
    return;
  }
  if (gpus !== undefined && !splitsEvenly(gpus, perNode)) {
    yield error(
      [role, 'gpus_per_worker'],
      `a worker of ${gpus} GPUs takes ${Math.ceil(gpus / perNode)} nodes of ${perNode} GPUs, and engines need the same number of GPUs on each`,
      `use ${evenSize(gpus, -1, perNode)} or ${evenSize(gpus, 1, perNode)}`,
    );
    return;
  }
  const size = workerSize(role, config, perNode);
  const most = Math.max(ownNodes(config, perNode) ?? 0, Math.max(1, size.nodes) * workers);
  if (most > MOST_NODES) {
    yield error(
      sizePath(role, config, most > workers ? 'nodes' : 'workers'),
      `${count(workers, 'worker')} would take ${most} nodes; Slurm supports at most ${MOST_NODES}`,
    );
    return;
  }
  yield* checkOwnNodes(role, config, perNode);
}

/** The nearest size, upwards or downwards, that nodes can share evenly. */
function evenSize(gpus: number, step: 1 | -1, perNode: number): number {
  let size = gpus + step;
  while (!splitsEvenly(size, perNode)) size += step;
  return size;
}

/** A role's own nodes hold its workers. */
function* checkOwnNodes(role: Role, config: RoleConfig, perNode: number): Generator<Problem> {
  const { workers, nodes, spread } = config;
  const { gpus, nodes: whole } = workerSize(role, config, perNode);
  if (gpus === 0) {
    if (nodes !== undefined)
      yield error(
        [role, 'nodes'],
        'workers without GPUs run on the head node and take no node of their own',
        'give either nodes or gpus_per_worker; null removes a value that the topology sets',
      );
    return;
  }
  if (spread && whole > 0)
    yield warning(
      [role, 'spread'],
      `has no effect: each ${role} worker takes ${count(whole, gpus === whole * perNode ? 'whole node' : 'node')}`,
      'remove it',
    );
  const needed = whole > 0 ? workers * whole : Math.ceil(workers / workersPerNode(config, gpus, perNode));
  if (nodes === undefined || nodes >= needed) return;
  yield error(
    [role, 'nodes'],
    `${count(workers, 'worker')} of ${count(gpus, 'GPU')}${spread ? ', each on a node of its own,' : ''} need ${count(needed, 'node')} of ${perNode} GPUs, not ${nodes}`,
    `use ${needed} or more, or leave nodes out; null removes a value that the topology sets`,
  );
}

/** The key with which the user gave a worker's size. */
export function sizePath(role: Role, config: RoleConfig, fallback: 'nodes' | 'workers'): readonly string[] {
  if (config.gpus_per_worker !== undefined && fallback === 'nodes') return [role, 'gpus_per_worker'];
  return fallback === 'nodes' && config.nodes === undefined ? [role] : [role, fallback];
}
