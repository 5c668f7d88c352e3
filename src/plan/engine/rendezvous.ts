import type { Job } from '../../config/job.ts';
import { portPart, portWord } from '../movable-ports.ts';
import type { Word } from '../plan.ts';
import { NCCL_PORT_OFFSET } from '../ports.ts';
import { usesDpAttention } from '../sizing.ts';
import { nodeIp } from '../word.ts';
import type { PlacedWorker } from '../worker.ts';

/**
 * Where the ranks of a worker meet, which is also the host of its bootstrap server. On one node SGLang picks ports by
 * itself, from a default that is the same for all workers or at random; so workers that share a node, and DP attention
 * with its many ports, are given theirs as well. Plain data parallel ranks on one node must not be: each is a group of
 * its own, and one address would make them one.
 */
export function rendezvousWords(job: Job, worker: PlacedWorker): readonly Word[] {
  const { role, config, nodes, gpus, dp, ports, sharesNode } = worker;
  const [leader = 0] = nodes;
  const oneNode = nodes.length === 1;
  const attention = dp > 1 && usesDpAttention(config);
  const alone = oneNode && !sharesNode && !attention && role !== 'prefill' && role !== 'decode';
  const replicas = oneNode && dp > 1 && !attention;
  if (gpus.length === 0 || alone || replicas) return [];
  const words: Word[] = [
    '--dist-init-addr',
    [nodeIp(leader), ':', portPart('dist-init', ports.distInit, job)],
    '--nnodes',
    String(nodes.length),
    '--node-rank',
    oneNode ? '0' : [{ ref: 'rank' }],
  ];
  // https://github.com/ai-dynamo/dynamo/pull/13569: else a random port, which a neighbour can take before it is bound.
  if (sharesNode && attention)
    words.push('--nccl-port', portWord('nccl', ports.distInit + NCCL_PORT_OFFSET, job));
  return words;
}

/** Where prefill and decode workers meet. Decode binds nothing, and learns the real port from each prefill worker. */
export function bootstrapWords(job: Job, { role, ports }: PlacedWorker): readonly Word[] {
  if (role !== 'prefill' && role !== 'decode') return [];
  const port = role === 'prefill' ? ports.bootstrap : job.infra.ports.bootstrap;
  return ['--disaggregation-bootstrap-port', portWord('bootstrap', port, job)];
}
