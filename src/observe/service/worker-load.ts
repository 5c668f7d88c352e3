import type { EngineMetrics, TokenCounter } from '../../engines/dialect.ts';
import { METRICS } from '../../engines/dialects.ts';
import type { WorkerLoad } from '../../run/service-event.ts';
import type { Sample } from './exposition.ts';
import { growthOf, has, type Series, sumOf } from './series.ts';

/** What a worker's page says. Without the page before, or where it was restarted since, there are fewer rates. */
export function workerLoad(before: Series | undefined, after: Series, seconds: number): WorkerLoad {
  const rate = (growth: number | undefined) =>
    growth === undefined || !(seconds > 0) ? undefined : growth / seconds;
  const page = new WorkerPage(before ?? after, after);
  const load = {
    running: page.gauge(({ running }) => [running]) ?? plain(after, INFLIGHT, generates),
    queued: page.gauge(({ queued }) => queued) ?? plain(after, 'dynamo_work_handler_queue_depth'),
    kvUsage: page.usage(),
    ...(before && {
      inputTokensPerSecond: rate(page.tokens(({ inputTokens }) => inputTokens)),
      outputTokensPerSecond:
        rate(page.tokens(({ outputTokens }) => outputTokens)) ??
        page.gauge(({ outputRate }) => (outputRate === undefined ? [] : [outputRate])),
      requestsPerSecond: rate(
        page.counted(({ requests }) => requests) ?? counted(before, after, REQUESTS, generates),
      ),
    }),
  };
  return Object.fromEntries(Object.entries(load).filter(([, value]) => value !== undefined));
}

const INFLIGHT = 'dynamo_component_inflight_requests';
const REQUESTS = 'dynamo_component_requests_total';
const KV_USAGE = 'dynamo_component_kvstats_gpu_cache_usage_percent';

/** Dynamo counts what its other endpoints do, too. */
const generates = ({ labels }: Sample): boolean => labels.dynamo_endpoint === 'generate';

/** What a worker's engine says on its page, now and before, whichever engine it is. */
class WorkerPage {
  readonly #before: Series;
  readonly #after: Series;

  constructor(before: Series, after: Series) {
    this.#before = before;
    this.#after = after;
  }

  /** The sum of those series that are there. Each DP rank has requests of its own; the other ranks of one share them. */
  gauge(names: (metrics: EngineMetrics) => readonly string[]): number | undefined {
    const found = METRICS.flatMap((metrics) =>
      names(metrics)
        .filter((name) => has(this.#after, name))
        .flatMap((name) => [...byDpRank(this.#after.of(name), metrics).values()]),
    );
    return found.length === 0 ? undefined : found.reduce((sum, each) => sum + each, 0);
  }

  /** The average of all DP ranks. */
  usage(): number | undefined {
    const own = METRICS.flatMap((metrics) => metrics.kvUsage.map((name) => ({ name, metrics })));
    const all = [...own, ...METRICS.map((metrics) => ({ name: KV_USAGE, metrics }))];
    const found = all.find(({ name }) => has(this.#after, name));
    if (found === undefined) return undefined;
    const ranks = [...byDpRank(this.#after.of(found.name), found.metrics).values()];
    return ranks.reduce((sum, each) => sum + each, 0) / ranks.length;
  }

  counted(name: (metrics: EngineMetrics) => string): number | undefined {
    return first(METRICS, (metrics) => counted(this.#before, this.#after, name(metrics)));
  }

  tokens(counters: (metrics: EngineMetrics) => readonly TokenCounter[]): number | undefined {
    return first(METRICS.flatMap(counters), ({ names, mode }) => {
      const ofMode = mode && (({ labels }: Sample) => labels.mode?.startsWith(mode) === true);
      const growths = names.map((name) => counted(this.#before, this.#after, name, ofMode || undefined));
      return growths.reduce(
        (sum, one) => (sum === undefined || one === undefined ? undefined : sum + one),
        0,
      );
    });
  }
}

/** What the first of the items that has something gives. */
function first<Item>(items: readonly Item[], give: (item: Item) => number | undefined): number | undefined {
  for (const item of items) {
    const given = give(item);
    if (given !== undefined) return given;
  }
  return undefined;
}

/** Undefined where neither page knows the name; a series appears with the first request. */
function counted(
  before: Series,
  after: Series,
  name: string,
  choose?: (sample: Sample) => boolean,
): number | undefined {
  return after.of(name).some(choose ?? (() => true)) ? growthOf(before, after, name, choose) : undefined;
}

function plain(page: Series, name: string, choose?: (sample: Sample) => boolean): number | undefined {
  return has(page, name) ? sumOf(page, name, choose) : undefined;
}

/**
 * By DP rank the largest of its ranks' values. Series that differ in anything but ranks, such as in a request's
 * priority, add up before that.
 */
function byDpRank(
  samples: readonly Sample[],
  { dpRank, otherRanks }: EngineMetrics,
): ReadonlyMap<string, number> {
  const ranks = new Map<string, Map<string, number>>();
  for (const { labels, value } of samples) {
    const dp = (dpRank && labels[dpRank]) ?? '';
    const rank = otherRanks.map((name) => labels[name]).join('/');
    const own = ranks.get(dp) ?? new Map<string, number>();
    own.set(rank, (own.get(rank) ?? 0) + (Number.isFinite(value) ? value : 0));
    ranks.set(dp, own);
  }
  return new Map([...ranks].map(([dp, values]) => [dp, Math.max(...values.values())]));
}
