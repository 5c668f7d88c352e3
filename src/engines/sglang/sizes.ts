import { flagGroups } from '../../config/compat/given-flags.ts';
import { engineArgument, type RoleConfig } from '../../config/schema/role.ts';
import { parallelSize } from '../parallel-size.ts';
import type { Parallelism } from '../worker.ts';

/**
 * Parallel sizes of a worker of so many GPUs. tp, where it is not given, takes what pp and dp leave. Data parallel ranks are
 * replicas of their own, but for DP attention.
 */
export function sizes(config: RoleConfig, gpus: number): Parallelism {
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
