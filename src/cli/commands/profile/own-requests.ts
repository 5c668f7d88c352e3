import { randomBytes } from 'node:crypto';
import { pause } from '../../../host/pause.ts';
import type { NodeDialer } from '../../../observe/service/dialer.ts';
import type { HostPort } from '../../../observe/service/endpoints.ts';
import { parseExposition } from '../../../observe/service/exposition.ts';
import { isLoadSeries } from '../../../observe/service/load.ts';
import { seriesOf } from '../../../observe/service/series.ts';
import { Web } from '../../../observe/service/web.ts';
import { workerLoad } from '../../../observe/service/worker-load.ts';
import { SAMPLES } from '../../../plan/sample-request.ts';
import type { EventOf } from '../../../run/events.ts';
import type { Chosen } from './choice.ts';

/** Milliseconds between the two looks that tell whether a worker is idle, for each of them, and for one request. */
const BETWEEN = 500;
const METRICS_TIMEOUT = 5000;
const REQUEST_TIMEOUT = 60_000;

/** Those of the workers that have no requests, as far as their metrics tell. */
export async function idleAmong(
  workers: readonly Chosen[],
  dialer: NodeDialer,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const web = new Web(dialer);
  try {
    const idle = await Promise.all(
      workers.map(async (worker) => {
        if (!(await hasNothing(worker, web, signal)) || !(await pause(BETWEEN, signal))) return [];
        return (await hasNothing(worker, web, signal)) ? [worker.step] : [];
      }),
    );
    return idle.flat();
  } finally {
    web.close();
  }
}

async function hasNothing({ step, system }: Chosen, web: Web, signal: AbortSignal): Promise<boolean> {
  try {
    const { text } = await web.get(system, '/metrics', METRICS_TIMEOUT, signal);
    const page = seriesOf(new Map([[step, parseExposition(text, isLoadSeries)]]));
    const { running, queued = 0 } = workerLoad(undefined, page, 0);
    return running !== undefined && running + queued === 0;
  } catch {
    return false;
  }
}

/**
 * Keeps so many short requests going until the abort, each with words of its own, so that none is answered from a cache: an engine
 * without requests makes no forward passes, and without one a profiler does not even stop. Never rejects.
 */
export async function keepBusy(
  { url, model, surface }: Pick<EventOf<'ready'>, 'url' | 'model' | 'surface'>,
  requests: number,
  dialer: NodeDialer,
  signal: AbortSignal,
): Promise<void> {
  const sample = SAMPLES[surface ?? 'chat'];
  if (sample === undefined) return;
  const { hostname: address, port } = new URL(url);
  const to: HostPort = { address, port: Number(port) };
  const web = new Web(dialer);
  const one = async () => {
    while (!signal.aborted) {
      const words = `Say hello to ${randomBytes(6).toString('hex')}.`;
      const own =
        surface === undefined ? { messages: [{ role: 'user', content: words }], max_tokens: 32 } : {};
      const body = { model, ...sample.body, ...own };
      try {
        await web.post(to, sample.path, body, REQUEST_TIMEOUT, signal);
      } catch {
        await pause(500, signal);
      }
    }
  };
  await Promise.all(Array.from({ length: requests }, one));
  web.close();
}
