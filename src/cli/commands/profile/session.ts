import type { NodeDialer } from '../../../observe/service/dialer.ts';
import { Web } from '../../../observe/service/web.ts';
import type { Chosen } from './choice.ts';
import { type ProfileRequest, type Told, tellEngine } from './engine.ts';

/** One worker while it is profiled. */
export interface Profiling {
  readonly worker: Chosen;
  readonly started: Told;
  readonly stopped: Told;
}

/** Milliseconds. An engine in the middle of a long prefill answers late. */
const START_TIMEOUT = 60_000;
/** Engines answer once a trace is written, which takes minutes for many ranks. */
const STOP_TIMEOUT = 600_000;

/** Starts all at once, so that their traces are of the same time. */
export function startAll(
  dialer: NodeDialer,
  wanted: readonly { readonly worker: Chosen; readonly body: ProfileRequest }[],
  signal: AbortSignal,
): Promise<readonly Profiling[]> {
  const told = { timeout: START_TIMEOUT, signal };
  return withWeb(dialer, (web) =>
    Promise.all(
      wanted.map(async ({ worker, body }) => ({
        worker,
        started: await tellEngine(web, worker.system, 'start_profile', body, told),
        stopped: { done: true } as const,
      })),
    ),
  );
}

/** Stops those that run, or may: an interrupt does not stop this. Others are left, for their profile is somebody else's. */
export function stopAll(dialer: NodeDialer, profiling: readonly Profiling[]): Promise<readonly Profiling[]> {
  const told = { timeout: STOP_TIMEOUT, signal: new AbortController().signal };
  return withWeb(dialer, (web) =>
    Promise.all(
      profiling.map(async (each) => {
        const { worker, started } = each;
        if (!started.done && (started.status !== undefined || !mayHaveArrived(started.reason))) return each;
        const stopped = await tellEngine(web, worker.system, 'stop_profile', {}, told);
        // It came to the end of its steps, or was never started.
        const over = !stopped.done && /not in progress/i.test(stopped.reason);
        return { ...each, stopped: over ? { done: true } : stopped };
      }),
    ),
  );
}

/** Connections of its own: one that was kept through a long profile may have been closed at the other end. */
async function withWeb<Result>(dialer: NodeDialer, work: (web: Web) => Promise<Result>): Promise<Result> {
  const web = new Web(dialer);
  try {
    return await work(web);
  } finally {
    web.close();
  }
}

/** Whether a request without an answer may have got there. */
function mayHaveArrived(reason: string): boolean {
  return !/ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND/.test(reason);
}
