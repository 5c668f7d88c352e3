import { flagGroups } from '../config/compat/given-flags.ts';
import { gpusPerNode } from '../config/schema/gpu.ts';
import { engineArgument, needsGpu, type Role, type RoleConfig } from '../config/schema/role.ts';
import type { PublishedTopology } from '../config/topology.ts';

/** How much of the job's nodes one worker takes. */
export interface WorkerSize {
  /** On all of its nodes together; 0 for a worker that runs on CPUs alone. */
  readonly gpus: number;
  /** Whole nodes; 0 where it takes a part of one, or no GPU. */
  readonly nodes: number;
}

/** The parallel sizes of one worker, with `gpus` and `gpus-N` evaluated. */
export interface Parallelism {
  readonly tp: number;
  readonly pp: number;
  readonly dp: number;
  readonly ep: number;
  /**
   * GPUs that the engine's ranks use: tp × pp, times dp where data parallel ranks are replicas of their own.
   */
  readonly busy: number;
}

/**
 * Size of each worker of a role, one node where nothing is said. Whole numbers only if the rules of sizes
 * hold.
 */
export function workerSize(role: Role, config: RoleConfig, perNode: number): WorkerSize {
  const gpus = config.gpus_per_worker ?? defaultGpus(role, config, perNode);
  return { gpus, nodes: gpus < perNode ? 0 : Math.ceil(gpus / perNode) };
}

function defaultGpus(role: Role, config: RoleConfig, perNode: number): number {
  if (config.nodes !== undefined) return (config.nodes / config.workers) * perNode;
  return needsGpu(role) ? perNode : 0;
}

/** Parallel sizes of a worker of so many GPUs. tp, where it is not given, takes what pp and dp leave. */
export function parallelism(config: RoleConfig, gpus: number): Parallelism {
  const pp = config.pp ?? 1;
  const dp = parallelSize(config.dp, gpus) ?? attentionDp(config) ?? 1;
  const replicas = usesDpAttention(config) ? 1 : dp;
  const tp = parallelSize(config.tp, gpus) ?? Math.max(1, Math.floor(gpus / (pp * replicas)));
  const ep = parallelSize(config.ep, gpus) ?? (spreadsExperts(config) ? tp : 1);
  return { tp, pp, dp, ep, busy: gpus === 0 ? 0 : tp * pp * replicas };
}

/**
 * Expert parallelism that SGLang derives: these all-to-all backends spread the experts over all tensor parallel ranks
 * (`_handle_a2a_moe` of server_args.py).
 */
function spreadsExperts(config: RoleConfig): boolean {
  const backend = engineArgument(config, 'moe-a2a-backend');
  return ALL_TO_ALL.has(String(backend)) || engineArgument(config, 'enable-deepep-moe') === true;
}

const ALL_TO_ALL: ReadonlySet<string> = new Set([
  'ascend_fuseep',
  'deepep',
  'flashinfer',
  'mooncake',
  'mori',
  'nixl',
]);

/** The number that `8`, `gpus` or `gpus-2` stands for; may be below 1 where the worker is too small. */
function parallelSize(value: RoleConfig['tp'], gpus: number): number | undefined {
  if (value === undefined || typeof value === 'number') return value;
  return gpus - Number(value.slice('gpus-'.length));
}

/**
 * SGLang's DP attention splits the tensor parallel ranks into data parallel groups instead of adding GPUs. Until 0.5.21
 * it is asked for by `--dp-size N --enable-dp-attention`, from 0.5.22 on by `--attn-dp-size N`.
 */
export function usesDpAttention(config: RoleConfig): boolean {
  const given = engineArgument(config, 'enable-dp-attention');
  const enabled = given !== undefined && given !== false;
  return enabled || config.flags.includes('--enable-dp-attention') || (attentionDp(config) ?? 1) > 1;
}

export const ATTENTION_DP = ['attn-dp-size', 'attention-data-parallel-size'];

/** The size that the newer flag gives, in `args` or `flags`. */
function attentionDp(config: RoleConfig): number | undefined {
  const given = ATTENTION_DP.map((name) => engineArgument(config, name)).find((value) => value !== undefined);
  const words = flagGroups(config.flags).find(({ name }) => ATTENTION_DP.includes(name ?? ''))?.values;
  const size = Number(given ?? words?.[0]);
  return Number.isInteger(size) && size > 0 ? size : undefined;
}

/** How large the workers of a role are. */
export interface RoleShape {
  readonly role: Role;
  readonly workers: number;
  /** Whole nodes of one worker; 0 where it takes a part of one. */
  readonly nodesPerWorker: number;
  readonly gpusPerWorker: number;
}

/** The sizes of a published topology, on nodes of its GPU model. */
export function roleShapes({ gpu, roles }: PublishedTopology): readonly RoleShape[] {
  const perNode = gpusPerNode(gpu, {}) ?? 0;
  return roles.map(({ role, config }) => {
    const { gpus, nodes } = workerSize(role, config, perNode);
    return { role, workers: config.workers, nodesPerWorker: nodes, gpusPerWorker: gpus };
  });
}
