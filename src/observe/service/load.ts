import { ENGINE_SERIES } from '../../engines/dialects.ts';
import type { Load, WorkerLoad } from '../../run/service-event.ts';
import type { Sample } from './exposition.ts';
import { quantilesBetween } from './quantiles.ts';
import { growthOf, has, type Series, seriesOf, sumOf } from './series.ts';
import { workerLoad } from './worker-load.ts';

/** The pages of metrics of a run's frontends and workers at one moment. */
export interface Scrape {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Samples by step: `frontend-0`, `decode-1`. A process that did not answer is absent. */
  readonly targets: ReadonlyMap<string, readonly Sample[]>;
  /** When a target was asked, where that was not at `time`; milliseconds since 1970. */
  readonly times?: ReadonlyMap<string, number>;
}

const FRONTEND = 'dynamo_frontend_';
const REQUESTS = `${FRONTEND}requests_total`;

/** Whether a series of this name is read here. */
export function isLoadSeries(name: string): boolean {
  return LOAD_SERIES.test(name) || ENGINE_SERIES.has(name);
}

const LOAD_SERIES =
  /^(dynamo_frontend_(requests_total|inflight_requests|queued_requests|output_tokens_total|(input|output)_sequence_tokens_(sum|count)|(time_to_first_token|inter_token_latency)_seconds_(bucket|sum|count))|dynamo_component_(inflight_requests|requests_total|kvstats_gpu_cache_usage_percent)|dynamo_work_handler_queue_depth)$/;

/**
 * The load between two scrapes. Counters that went back, with a restart, give no negative rates. A target that the earlier
 * scrape has not got adds nothing to rates. Where no frontend answered, what the workers say stands in.
 */
export function loadBetween(before: Scrape, after: Scrape): Load {
  const seconds = Math.max(0, (after.time - before.time) / 1000);
  const frontends = [...after.targets].filter(isFrontend);
  const known = new Map(frontends.filter(([step]) => before.targets.has(step)));
  const [then, now, all] = [
    seriesOf(new Map([...known.keys()].map((step) => [step, before.targets.get(step) ?? []]))),
    seriesOf(known),
    seriesOf(new Map(frontends)),
  ];
  const workers = new Map(
    [...after.targets]
      .filter((target) => !isFrontend(target))
      .map(([step, samples]) => [step, loadOf(step, samples, before, after)] as const),
  );
  const rate = (growth: number) => (seconds > 0 ? growth / seconds : 0);
  const [ttft, itl] = [TTFT, ITL].map((name) => quantilesBetween(then, now, name));
  const each = [...workers.values()];
  const whole =
    frontends.length === 0
      ? {
          requestsPerSecond: 0,
          failedPerSecond: 0,
          outputTokensPerSecond: sum(each, 'outputTokensPerSecond'),
          inputTokensPerSecond: sum(each, 'inputTokensPerSecond'),
          running: sum(each, 'running'),
          queued: sum(each, 'queued'),
        }
      : {
          requestsPerSecond: rate(growthOf(then, now, REQUESTS)),
          failedPerSecond: rate(growthOf(then, now, REQUESTS, failed)),
          outputTokensPerSecond: rate(outputTokens((name) => growthOf(then, now, name), all)),
          inputTokensPerSecond: rate(growthOf(then, now, INPUT)),
          running: sumOf(all, `${FRONTEND}inflight_requests`),
          queued: sumOf(all, `${FRONTEND}queued_requests`),
        };
  return {
    time: after.time,
    seconds,
    ...whole,
    ...(ttft && { ttft }),
    ...(itl && { itl }),
    totals: {
      requests: sumOf(all, REQUESTS),
      failed: sumOf(all, REQUESTS, failed),
      inputTokens: sumOf(all, INPUT),
      outputTokens: outputTokens((name) => sumOf(all, name), all),
    },
    workers,
  };
}

const TTFT = `${FRONTEND}time_to_first_token_seconds`;
const ITL = `${FRONTEND}inter_token_latency_seconds`;
const INPUT = `${FRONTEND}input_sequence_tokens_sum`;
const OUTPUT = `${FRONTEND}output_tokens_total`;

/** A frontend that nobody has asked for anything has no series yet. */
const isFrontend = ([step, samples]: readonly [string, readonly Sample[]]): boolean =>
  step.startsWith('frontend') || samples.some(({ name }) => name.startsWith(FRONTEND));

const failed = ({ labels }: Sample): boolean => labels.status !== 'success';

/** Before it was counted by itself, each token was an observation of one of the latencies. */
function outputTokens(count: (name: string) => number, page: Series): number {
  return has(page, OUTPUT) ? count(OUTPUT) : count(`${TTFT}_count`) + count(`${ITL}_count`);
}

function loadOf(step: string, samples: readonly Sample[], before: Scrape, after: Scrape): WorkerLoad {
  const then = before.targets.get(step);
  const timeIn = ({ time, times }: Scrape) => times?.get(step) ?? time;
  return workerLoad(
    then && seriesOf(new Map([[step, then]])),
    seriesOf(new Map([[step, samples]])),
    (timeIn(after) - timeIn(before)) / 1000,
  );
}

function sum(loads: readonly WorkerLoad[], field: keyof WorkerLoad): number {
  return loads.reduce((total, load) => total + (load[field] ?? 0), 0);
}
