import { gpuModel } from '../../config/schema/gpu.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import type { Role } from '../../config/schema/role.ts';
import { count } from '../../config/text/plural.ts';
import { error, keyWarning, type Problem, warning } from '../../config/yaml/problem.ts';
import { startsGpu } from '../gpu-share.ts';
import type { Placement } from '../placement.ts';
import { benchNodes, dedicatedNodes } from '../placement.ts';
import { ownNodes } from '../sizing.ts';
import { sizePath } from './sizes.ts';

/** What concerns the job's nodes as a whole. */
export function* checkNodes(job: JobConfig, placement: Placement): Generator<Problem> {
  if (job.infra.bind === 'loopback' && placement.nodes > 1) {
    yield error(
      ['infra', 'bind'],
      `loopback requires a single-node job, but this one has ${placement.nodes} nodes, which could not reach each other`,
      'remove this line; `infra.tls: true` protects a job on several nodes',
    );
  }
  yield* checkIdleGpus(job, placement);
  yield* checkSegment(job, placement);
  yield* checkNvlink(job, placement);
}

/** Exclusive nodes keep their leftover GPUs from everybody. */
function* checkIdleGpus(job: JobConfig, placement: Placement): Generator<Problem> {
  const perNode = placement.gpusPerNode;
  const nodes = placement.nodes - benchNodes(job) - dedicatedNodes(job);
  const total = nodes * perNode;
  const taken = placement.workers.reduce(
    (sum, worker) => sum + (startsGpu(worker) ? worker.nodes.length * worker.gpus.length : 0),
    0,
  );
  const last = placement.workers.findLast(
    ({ gpus, config }) =>
      (gpus.length > 0 && gpus.length < perNode) || ownNodes(config, perNode) !== undefined,
  );
  if (taken === total || last === undefined) return;
  yield warning(
    sizePath(last.role, last.config, 'nodes'),
    `${total - taken} of the ${total} GPUs on ${count(nodes, 'node')} are not used by any worker`,
    `use more or larger workers to fill the nodes of ${perNode} GPUs`,
  );
}

function* checkSegment(job: JobConfig, placement: Placement): Generator<Problem> {
  const { segment } = job.slurm;
  if (segment === undefined) return;
  const path = ['slurm', 'segment'];
  const rack = rackNodes(job, placement.gpusPerNode);
  if (placement.nodes % segment !== 0) {
    yield error(
      path,
      `${count(placement.nodes, 'node')} cannot be divided into segments of ${segment}`,
      `use ${divisors(placement.nodes, rack ?? placement.nodes).join(', ')}`,
    );
    return;
  }
  if (rack !== undefined && segment > rack) {
    yield error(
      path,
      `a segment of ${segment} nodes is larger than an NVLink domain of ${job.gpu}, which has ${rack}`,
      `use ${divisors(placement.nodes, rack).join(', ')}`,
    );
    return;
  }
  const most = rack ?? Number.POSITIVE_INFINITY;
  const segmentOf = (node = 0) => Math.floor(node / segment);
  const split = placement.workers.filter(
    ({ nodes }) => nodes.length <= most && segmentOf(nodes[0]) !== segmentOf(nodes.at(-1)),
  );
  const [first] = split;
  if (first === undefined) return;
  yield warning(
    path,
    `segments of ${count(segment, 'node')} split ${count(split.length, 'worker')}, the first of them ${first.role} worker ${first.index} on nodes ${first.nodes[0]} to ${first.nodes.at(-1)}`,
    'use a segment size into which whole workers fit',
  );
}

/** Traffic between NVLink domains takes the slower network. */
function* checkNvlink(job: JobConfig, placement: Placement): Generator<Problem> {
  const rack = rackNodes(job, placement.gpusPerNode);
  if (rack === undefined) return;
  const roles = new Map<Role, number>(placement.workers.map(({ role, nodes }) => [role, nodes.length]));
  for (const [role, nodes] of roles) {
    const config = job[role];
    if (nodes <= rack || !config) continue;
    yield warning(
      sizePath(role, config, 'nodes'),
      `each ${role} worker spans ${nodes} nodes, but an NVLink domain of ${job.gpu} has ${rack}: this will be slow`,
      `use at most ${rack} nodes for a worker`,
    );
  }
  if (placement.nodes <= rack || job.slurm.segment !== undefined || Math.max(...roles.values()) === 1) return;
  yield keyWarning(
    ['slurm'],
    `${placement.nodes} nodes of ${job.gpu} span more than one NVLink domain of ${rack} nodes, so Slurm may split a worker across two`,
    'set slurm.segment, so that whole workers share a rack (Slurm 24.05 and later)',
  );
}

/** Nodes of one NVLink domain, where that is more than a node. */
function rackNodes(job: JobConfig, perNode: number): number | undefined {
  const nodes = Math.floor((gpuModel(job.gpu)?.nvlinkDomain ?? 0) / perNode);
  return nodes > 1 ? nodes : undefined;
}

function divisors(nodes: number, most: number): readonly number[] {
  return Array.from({ length: Math.min(nodes, most) }, (_, offset) => offset + 1).filter(
    (candidate) => nodes % candidate === 0,
  );
}
