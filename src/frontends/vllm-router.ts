import { newestRelease } from '../config/compat/engine-table.ts';
import { dashed } from '../engines/dashed.ts';
import { needs } from './checks.ts';
import type { Frontend, FrontendContext, WorkerServer } from './frontend.ts';
import { ROUTER_MANAGED, ROUTER_READY, routerWords } from './router.ts';

/** `vllm-router`: https://github.com/vllm-project/router. A prefill worker's address is followed by NIXL's side channel. */
export const vllmRouter: Frontend = {
  type: 'vllm-router',
  title: "vLLM's router",
  several: true,
  programs: () => [{ name: 'vllm-router', release: newestRelease('vllm-router') }],
  apart: true,
  managed: ROUTER_MANAGED,
  settings: dashed,
  check: (job) => needs(job, vllmRouter, 'vllm'),
  command: (context) => ({
    argv: ['vllm-router', ...routerWords(context, '--vllm-pd-disaggregation', rankWords(context))],
    env: {},
  }),
  ready: ROUTER_READY,
  metrics: 'router-metrics',
};

/**
 * The router can choose the data parallel rank behind an address, but it counts ranks from 0 at each: so only where every
 * server is all of its worker, and all have as many ranks. Elsewhere each server balances its own.
 */
function rankWords({ servers, settings }: FrontendContext): readonly string[] {
  const [ranks = 1, ...others] = new Set(servers.map((server: WorkerServer) => server.ranks));
  const given = settings.args['intra-node-data-parallel-size'] !== undefined;
  if (given || ranks === 1 || others.length > 0 || !servers.every(({ whole }) => whole)) return [];
  return ['--intra-node-data-parallel-size', String(ranks)];
}
