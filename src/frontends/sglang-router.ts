import { routerBeside } from '../config/compat/engine-table.ts';
import { dashed } from '../engines/dashed.ts';
import { needs } from './checks.ts';
import type { Frontend } from './frontend.ts';
import { ROUTER_MANAGED, ROUTER_READY, routerWords } from './router.ts';

/**
 * `sglang_router`, in later releases the SGLang Model Gateway: https://docs.sglang.io/advanced_features/router.html.
 * A prefill worker's address is followed by its bootstrap port.
 */
export const sglangRouter: Frontend = {
  type: 'sglang-router',
  title: "SGLang's router",
  several: true,
  programs: ({ sglang }) => [{ name: 'sglang-router', release: routerBeside(sglang) }],
  managed: ROUTER_MANAGED,
  settings: dashed,
  check: (job) => needs(job, sglangRouter, 'sglang'),
  command: (context) => ({
    argv: ['python3', '-m', 'sglang_router.launch_router', ...routerWords(context, '--pd-disaggregation')],
    env: {},
  }),
  ready: ROUTER_READY,
  metrics: 'router-metrics',
};
