import type { Load, WorkerHealth, WorkerLoad } from '../../run/service-event.ts';
import type { HostPort, ServiceEndpoints } from './endpoints.ts';
import { parseExposition, type Sample } from './exposition.ts';
import { isLoadSeries, loadBetween, type Scrape } from './load.ts';
import { reasonOf } from './report.ts';
import type { Web } from './web.ts';

interface Target {
  readonly step: string;
  /** For a worker, those of all nodes that serve. */
  readonly endpoints: readonly HostPort[];
}

interface Page {
  readonly time: number;
  readonly samples: readonly Sample[];
  /** Has metrics of an endpoint, which come with its registration. */
  readonly serves: boolean;
}

/** How a page names an endpoint, in all releases. */
const ENDPOINT = 'dynamo_endpoint="';

/** What a look at a service has brought. */
export interface Look {
  /** Absent after the first look, and where no frontend answered. */
  readonly load?: Load;
  readonly latencySeconds: number;
  /** Frontends that did not answer, and why. */
  readonly silent: ReadonlyMap<string, string>;
  /** Workers that have been scraped so far, by step. */
  readonly workers: ReadonlyMap<string, WorkerHealth['state']>;
}

/** Milliseconds that a frontend or a worker has to answer in. */
const TIMEOUT = 2500;
/** Milliseconds that latencies are about. */
const LATENCIES = 30_000;
/** Workers that are asked in one look: of more each is asked less often, so that large services cost no more. */
const MOST_WORKERS = 16;
/** Failures in a row, so that one lost packet does not count. */
const SILENT = 2;

/** Asks frontends and workers for their metrics, look by look. */
export class Scraper {
  readonly #web: Web;
  readonly #frontends: readonly Target[];
  readonly #workers: readonly Target[];
  /** The last page of each that answered when it was last asked. */
  readonly #pages = new Map<string, Page>();
  readonly #loads = new Map<string, WorkerLoad>();
  readonly #failures = new Map<string, number>();
  readonly #states = new Map<string, WorkerHealth['state']>();
  /** The last `LATENCIES` scrapes, oldest first; frontends only. */
  #history: Scrape[] = [];
  #looks = 0;

  constructor(web: Web, { frontends, workers }: ServiceEndpoints) {
    this.#web = web;
    this.#frontends = frontends.map(({ step, ...endpoint }) => ({ step, endpoints: [endpoint] }));
    this.#workers = workers.flatMap(({ step, system, others = [] }) =>
      system ? [{ step, endpoints: [system, ...others] }] : [],
    );
  }

  async look(now: () => Date, signal: AbortSignal): Promise<Look> {
    const silent = new Map<string, string>();
    const due = this.#due();
    const before = new Map(this.#pages);
    await Promise.all([
      ...this.#frontends.map(async (target) => {
        const reason = await this.#ask(target, now, signal);
        if (reason !== undefined) silent.set(target.step, reason);
      }),
      ...due.map((target) => this.#askWorker(target, now, signal)),
    ]);
    this.#looks += 1;
    const heard = this.#frontends.filter(({ step }) => !silent.has(step));
    // Where all are silent, what they answer next is compared with what they said last.
    if (heard.length > 0) for (const step of silent.keys()) this.#pages.delete(step);
    const frontends = heard.flatMap(({ step }) => this.#pages.get(step) ?? []);
    const look = { silent, workers: this.#states, latencySeconds: 0 };
    if (frontends.length === 0) return look;
    const asked = new Set([...heard, ...due].map(({ step }) => step));
    const after = scrapeOf(
      [...this.#pages].filter(([step]) => asked.has(step)),
      Math.max(...frontends.map(({ time }) => time)),
    );
    return { ...look, ...this.#compare(before, after) };
  }

  #compare(pages: ReadonlyMap<string, Page>, after: Scrape): Pick<Look, 'load' | 'latencySeconds'> {
    const last = this.#history.at(-1);
    const own = new Set(this.#frontends.map(({ step }) => step));
    const targets = new Map([...after.targets].filter(([step]) => own.has(step)));
    this.#history = [...this.#history, { time: after.time, targets }].filter(
      ({ time }) => time >= after.time - LATENCIES,
    );
    const first = this.#history[0];
    const load = loadBetween(scrapeOf([...pages], last?.time ?? after.time), after);
    for (const [step, each] of load.workers) this.#loads.set(step, each);
    if (last === undefined || first === undefined) return { latencySeconds: 0 };
    const { ttft, itl } = loadBetween(first, { time: after.time, targets });
    const { ttft: _, itl: __, ...rest } = load;
    return {
      load: { ...rest, ...(ttft && { ttft }), ...(itl && { itl }), workers: new Map(this.#loads) },
      latencySeconds: (after.time - first.time) / 1000,
    };
  }

  /** The workers whose turn it is. */
  #due(): readonly Target[] {
    const rounds = Math.ceil(this.#workers.length / MOST_WORKERS);
    return this.#workers.filter(
      (_, index) => index % Math.max(1, rounds) === this.#looks % Math.max(1, rounds),
    );
  }

  async #askWorker(target: Target, now: () => Date, signal: AbortSignal): Promise<void> {
    const { step } = target;
    const reason = await this.#ask(target, now, signal);
    const failures = reason === undefined ? 0 : (this.#failures.get(step) ?? 0) + 1;
    this.#failures.set(step, failures);
    if (reason !== undefined) {
      this.#pages.delete(step);
      this.#loads.delete(step);
      if (failures >= SILENT) this.#states.set(step, 'silent');
      return;
    }
    // Its own /health would have it log an error for each look before it serves, and a mock engine for ever.
    this.#states.set(step, this.#pages.get(step)?.serves ? 'ready' : 'notready');
  }

  /** Why there is no page. */
  async #ask({ step, endpoints }: Target, now: () => Date, signal: AbortSignal): Promise<string | undefined> {
    try {
      const pages = await Promise.all(
        endpoints.map(async (endpoint) => {
          const { status, text } = await this.#web.get(endpoint, '/metrics', TIMEOUT, signal);
          if (status !== 200) throw new Error(`HTTP ${status}`);
          return text;
        }),
      );
      this.#pages.set(step, {
        time: now().getTime(),
        samples: pages.flatMap((text) => parseExposition(text, isLoadSeries)),
        serves: pages.every((text) => text.includes(ENDPOINT)),
      });
      return undefined;
    } catch (error) {
      if (signal.aborted) throw error;
      return reasonOf(error);
    }
  }
}

function scrapeOf(pages: readonly (readonly [string, Page])[], time: number): Scrape {
  return {
    time,
    targets: new Map(pages.map(([step, page]) => [step, page.samples])),
    times: new Map(pages.map(([step, page]) => [step, page.time])),
  };
}
