import { atLeast } from '../../config/compat/release.ts';
import type { Job } from '../../config/job.ts';
import { gpusPerNode } from '../../config/schema/gpu.ts';
import { type ArgumentValue, engineArgument, type Role, type RoleConfig } from '../../config/schema/role.ts';
import { insideSelf } from '../exposure.ts';
import { portPart, portWord } from '../movable-ports.ts';
import type { Word } from '../plan.ts';
import { NCCL_PORT_OFFSET } from '../ports.ts';
import { usesDpAttention } from '../sizing.ts';
import { nodeIp, SELF_IP } from '../word.ts';
import type { PlacedWorker } from '../worker.ts';

/**
 * Arguments as words of a command, in their order: `true` is a bare flag, `false` nothing, a list a flag and its items,
 * a map JSON, all else a flag and its text. Underscores in names become dashes.
 */
export function argumentWords(args: Readonly<Record<string, ArgumentValue | undefined>>): readonly string[] {
  return Object.entries(args).flatMap(([name, value]) => words(`--${name.replaceAll('_', '-')}`, value));
}

function words(flag: string, value: ArgumentValue | undefined): readonly string[] {
  if (value === false || value === undefined) return [];
  if (value === true) return [flag];
  if (Array.isArray(value)) return [flag, ...value.map(String)];
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  // argparse takes a word with a leading dash for a flag, unless it is a number.
  return text.startsWith('-') && Number.isNaN(Number(text)) ? [`${flag}=${text}`] : [flag, text];
}

interface Modules {
  readonly since: string;
  readonly decode: string;
  /** Prefill and aggregated workers, and whatever else there is. */
  readonly others: string;
}

/** `dynamo/sglang` of the wheels from 0.4.0 on. Before 0.4 it was in the source tree only. */
const MODULES: readonly Modules[] = [
  { since: '0.4.1', decode: 'dynamo.sglang', others: 'dynamo.sglang' },
  { since: '0.4', decode: 'dynamo.sglang.decode_worker', others: 'dynamo.sglang.worker' },
  { since: '0', decode: 'dynamo.sglang.components.decode_worker', others: 'dynamo.sglang' },
];

/** The Python module that a worker runs. */
export function engineModule(role: Role, release: string): string {
  if (role === 'router') return 'dynamo.router';
  const modules = MODULES.find(({ since }) => atLeast(release, since));
  return (role === 'decode' ? modules?.decode : modules?.others) ?? 'dynamo.sglang';
}

/** A worker's `--disaggregation-mode`; undefined where it is not given. Encoders and `pd`: Dynamo 1.3 and later. */
export function disaggregationMode(role: Role, config: RoleConfig, release: string): string | undefined {
  if (role === 'prefill' || role === 'decode') return role;
  if (!atLeast(release, '1.3')) return undefined;
  if (role === 'encode') return 'encode';
  return role === 'aggregated' && engineArgument(config, 'dedicated-mm-encoder') === true ? 'pd' : undefined;
}

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
  // https://github.com/ai-dynamo/dynamo/pull/13569: else a random port, which a neighbor can take before it is bound.
  if (sharesNode && attention)
    words.push('--nccl-port', portWord('nccl', ports.distInit + NCCL_PORT_OFFSET, job));
  return words;
}

/**
 * The bootstrap port, where prefill and decode workers meet. Decode workers bind nothing, and learn the real port from each
 * prefill worker.
 */
export function bootstrapWords(job: Job, { role, ports }: PlacedWorker): readonly Word[] {
  if (role !== 'prefill' && role !== 'decode') return [];
  const port = role === 'prefill' ? ports.bootstrap : job.infra.ports.bootstrap;
  return ['--disaggregation-bootstrap-port', portWord('bootstrap', port, job)];
}

/** Environment of a worker beside that of every Dynamo process. */
export function workerEnvironment(
  job: Job,
  { config, gpus, ports }: PlacedWorker,
): Readonly<Record<string, Word>> {
  const env: Record<string, Word> = {
    DYN_NAMESPACE: job.dynamo.namespace,
    DYN_SYSTEM_HOST: [insideSelf(job)],
    DYN_SYSTEM_PORT: portWord('system', ports.system, job),
    // Where KV transfer listens, and what it tells its peers: `get_local_ip_auto` of SGLang guesses otherwise.
    SGLANG_HOST_IP: [SELF_IP],
  };
  // From 0.7 on the port alone opens the system server, and this only gives a warning.
  if (!atLeast(job.dynamo.version, '0.7')) env.DYN_SYSTEM_ENABLED = 'true';
  if (gpus.length > 0 && gpus.length < (gpusPerNode(job.gpu, job.cluster) ?? 0)) {
    env.CUDA_VISIBLE_DEVICES = gpus.join(',');
  }
  if (config.numa !== undefined) env.SGLANG_AUTO_NUMA_BIND = String(config.numa);
  return env;
}
