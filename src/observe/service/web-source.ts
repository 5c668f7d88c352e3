import { pause } from '../../host/pause.ts';
import type { FrontendHealth, Load, Way } from '../../run/service-event.ts';
import type { ServiceEndpoints } from './endpoints.ts';
import { parseFrontendHealth, parseReady } from './health.ts';
import { type Report, reasonOf } from './report.ts';
import { type Look, Scraper } from './scraper.ts';
import type { Web } from './web.ts';

export interface WebWatch {
  readonly web: Web;
  readonly endpoints: ServiceEndpoints;
  readonly via: Way;
  /** Milliseconds between looks at metrics. */
  readonly every: number;
  readonly now: () => Date;
  /** Hears whether frontends answer, or something else has to stand in for them. */
  readonly onReach: (reached: boolean) => void;
}

/** Milliseconds. */
const TIMEOUT = 2500;
const HEALTH_EVERY = 5000;
/** Milliseconds between looks while nobody answers. */
const SLOW = 5000;
/** Milliseconds that frontends which have answered before may be silent, on a busy machine, before they count as lost. */
const LOST = 10_000;

/** Frontends and workers over HTTP: their load at every look, their health less often and where it changes. */
export async function watchWeb(watch: WebWatch, report: Report, signal: AbortSignal): Promise<void> {
  const { web, endpoints, via, every, now, onReach } = watch;
  let scraper = new Scraper(web, endpoints);
  /** When a frontend answered last; long ago at first. */
  let heard = Number.NEGATIVE_INFINITY;
  let health: readonly FrontendHealth[] = [];
  let healthAt = 0;
  for (let due = performance.now(); ; due = Math.max(due + every, performance.now())) {
    let look: Look;
    try {
      look = await scraper.look(now, signal);
      if (performance.now() >= healthAt || (health.length > 0 && isNews(look, health))) {
        health = await healthOf(watch, look, signal);
        healthAt = performance.now() + HEALTH_EVERY;
      }
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    const answered = endpoints.frontends.length > look.silent.size;
    // What has been told in the meantime is not to be told again.
    const back = answered && heard > 0 && performance.now() - heard > LOST;
    if (answered) heard = performance.now();
    const reached = performance.now() - heard <= LOST;
    if (back) scraper = new Scraper(web, endpoints);
    tellReach(endpoints, look, via, report);
    onReach(reached);
    report.tellChange({
      kind: 'health',
      frontends: health,
      // Where nothing can be reached from here, that says nothing about workers.
      workers: reachesAny(endpoints, look) ? [...look.workers].map(([step, state]) => ({ step, state })) : [],
    });
    if (look.load && !back) report.tell(loadEvent(look.load, via, look.latencySeconds));
    const wait = reached ? due + every - performance.now() : SLOW;
    if (!(await pause(Math.max(0, wait), signal))) return;
  }
}

const reachesAny = ({ frontends }: ServiceEndpoints, { silent, workers }: Look): boolean =>
  frontends.length > silent.size || [...workers.values()].some((state) => state !== 'silent');

/** A frontend that fell silent, or answers again. */
function isNews({ silent }: Look, known: readonly FrontendHealth[]): boolean {
  return known.some(({ step, state }) => (state === 'silent') !== silent.has(step));
}

function tellReach({ frontends, workers }: ServiceEndpoints, look: Look, via: Way, report: Report): void {
  const [why = ''] = look.silent.values();
  if (frontends.length > look.silent.size) report.source('frontends', 'up', via);
  else report.source('frontends', 'missing', via, why);
  const silent = [...look.workers.values()].filter((state) => state === 'silent').length;
  if (workers.length === 0 || look.workers.size === 0) return;
  if (silent < look.workers.size) report.source('workers', 'up', via);
  else report.source('workers', 'missing', via, 'no worker answers at its system port');
}

export function loadEvent(load: Load, via: Way, latencySeconds: number) {
  const { time: _, workers, ...rest } = load;
  return { kind: 'load', via, ...rest, latencySeconds, workers: Object.fromEntries(workers) } as const;
}

function healthOf(
  { web, endpoints }: WebWatch,
  { silent }: Look,
  signal: AbortSignal,
): Promise<readonly FrontendHealth[]> {
  const { model, readyRoute } = endpoints.readiness;
  const route = `/v1/models/${model.split('/').map(encodeURIComponent).join('/')}/ready`;
  return Promise.all(
    endpoints.frontends.map(async ({ step, ...endpoint }): Promise<FrontendHealth> => {
      if (silent.has(step)) return { step, state: 'silent', instances: 0 };
      try {
        const [health, ready] = await Promise.all([
          web.get(endpoint, '/health', TIMEOUT, signal),
          readyRoute ? web.get(endpoint, route, TIMEOUT, signal) : undefined,
        ]);
        return { step, ...parseFrontendHealth(health), ...(ready && parseReady(ready)) };
      } catch (error) {
        if (signal.aborted) throw error;
        return { step, state: reasonOf(error), instances: 0 };
      }
    }),
  );
}
