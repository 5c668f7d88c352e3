import { lastFlag } from '../../config/compat/given-flags.ts';
import { engineArgument, type Role, type RoleConfig } from '../../config/schema/role.ts';
import { parallelSize } from '../parallel-size.ts';
import type { Parallelism, PlacedWorker } from '../worker.ts';

/**
 * Each data parallel rank is a replica of tp × pp GPUs, times the prefill context parallel size. Expert parallelism spreads
 * the experts over all ranks or over none, and decode context parallelism lies inside tp.
 */
export function sizes(config: RoleConfig, gpus: number): Parallelism {
  const pp = config.pp ?? 1;
  const dp = parallelSize(config.dp, gpus) ?? 1;
  const pcp = prefillContextSize(config);
  const tp = parallelSize(config.tp, gpus) ?? Math.max(1, Math.floor(gpus / (pp * dp * pcp)));
  const ep = parallelSize(config.ep, gpus) ?? (spreadsExperts(config) ? tp * dp : 1);
  return { tp, pp, dp, ep, busy: gpus === 0 ? 0 : tp * pp * pcp * dp };
}

export function spreadsExperts(config: RoleConfig): boolean {
  const flag = 'enable-expert-parallel';
  return engineArgument(config, flag) === true || config.flags.includes(`--${flag}`);
}

export function prefillContextSize(config: RoleConfig): number {
  const size = Number(engineArgument(config, 'prefill-context-parallel-size') ?? 1);
  return Number.isInteger(size) && size > 0 ? size : 1;
}

/** vLLM's name for: each data parallel rank is a process of its own, and something else spreads requests over them. */
export const EXTERNAL = 'data-parallel-external-lb';

export const givenApart = (role: Role, config: RoleConfig) =>
  lastFlag(role, config, EXTERNAL) ?? lastFlag(role, config, '-dpe');

/** Whether each data parallel rank of a worker is a process of its own, rather than one of those of its node's process. */
export function ranksApart(role: Role, config: RoleConfig): boolean {
  return givenApart(role, config) !== undefined;
}

/** How the data parallel ranks of a worker are spread over its nodes. */
export interface Layout {
  /** GPUs of one rank. */
  readonly replica: number;
  /** Whole ranks on each node; 0 where one spans several. */
  readonly perNode: number;
}

export function layoutOf({
  busy,
  dp,
  nodes,
}: Pick<PlacedWorker, 'busy' | 'dp'> & { readonly nodes: number }): Layout {
  const replica = busy / dp;
  return { replica, perNode: Math.floor(busy / nodes / replica) };
}
