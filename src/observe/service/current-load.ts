import type { Host } from '../../host/host.ts';
import { pause } from '../../host/pause.ts';
import { timeLimit } from '../../host/time-limit.ts';
import { readRunState } from '../../run/event-log.ts';
import { readPlan } from '../../run/plan-file.ts';
import type { Load } from '../../run/service-event.ts';
import { isServing } from '../../run/state.ts';
import { dialerFor } from './dialer.ts';
import { endpointsOf } from './endpoints.ts';
import { Scraper } from './scraper.ts';
import { Web } from './web.ts';

/** Milliseconds: for all of it, and between the two looks that a rate takes. */
const TIMEOUT = 1000;
const BETWEEN = 400;

/**
 * What the frontends of a run do now; undefined where they do not serve, or cannot be reached at once. Takes at most a
 * second more than reading its events.
 */
export async function currentLoad(
  host: Host,
  run: { readonly dir: string },
  signal: AbortSignal,
): Promise<Load | undefined> {
  const state = await readRunState(host, run);
  if (!isServing(state)) return undefined;
  const either = AbortSignal.any([signal, timeLimit(TIMEOUT)]);
  const web = new Web(dialerFor(host));
  try {
    const endpoints = endpointsOf(await readPlan(host, run), state);
    if (endpoints === undefined) return undefined;
    const scraper = new Scraper(web, { ...endpoints, workers: [] });
    const now = () => new Date();
    await scraper.look(now, either);
    if (!(await pause(BETWEEN, either))) return undefined;
    return (await scraper.look(now, either)).load;
  } catch (error) {
    if (either.aborted) return undefined;
    throw error;
  } finally {
    web.close();
  }
}
