import type { Slo } from '../plan/bench/spec.ts';

/** Times of a request in milliseconds. */
interface Timed {
  readonly ttft: number;
  readonly e2e: number;
  readonly outputTokens: number;
}

/** Whether a request met all bounds. The time between tokens is the average over its answer, as all tools judge it. */
export function meets({ ttft, e2e, outputTokens }: Timed, slo: Slo): boolean {
  const between = outputTokens > 1 ? (e2e - ttft) / (outputTokens - 1) : 0;
  const within = (value: number, bound: number | undefined) => bound === undefined || value <= bound;
  return within(ttft, slo.ttft) && within(between, slo.itl) && within(e2e, slo.e2e);
}
