import { plainText } from '../../../host/plain-text.ts';
import type { NodeDialer } from '../../../observe/service/dialer.ts';
import type { HostPort } from '../../../observe/service/endpoints.ts';
import { type Answer, Web } from '../../../observe/service/web.ts';
import { isObject, parseJson } from '../../../run/lenient.ts';
import type { Chosen } from './choice.ts';

/** What an engine made of being told something. */
export type Told =
  | { readonly done: true }
  /** `status` is absent where there was no answer: it may have done it all the same. */
  | { readonly done: false; readonly status?: number; readonly reason: string };

/** Fields of the engine's request to profile; an absent one has the engine's default. */
interface ProfileRequest {
  /** Absolute; made by the engine. */
  readonly output_dir: string;
  readonly activities: readonly string[];
  /** The engine stops by itself after so many forward passes. */
  readonly num_steps?: number;
}

/** `control/` since https://github.com/ai-dynamo/dynamo/pull/10347, in June 2026; older ones have no such prefix. */
const PREFIXES = ['/engine/control/', '/engine/'] as const;

export const NO_ROUTE = 404;

/**
 * Tells the engine of one worker, through its system port, to start or stop its profiler. Never rejects. The connection is
 * its own: one that was kept through a long profile may have been closed at the other end.
 */
async function tellEngine(
  dialer: NodeDialer,
  endpoint: HostPort,
  what: 'start_profile' | 'stop_profile',
  body: ProfileRequest | Record<string, never>,
  { timeout, signal }: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<Told> {
  const web = new Web(dialer);
  try {
    for (const prefix of PREFIXES) {
      const answer = await web.post(endpoint, prefix + what, body, timeout, signal);
      if (answer.status !== NO_ROUTE) return toldOf(answer);
    }
    return { done: false, status: NO_ROUTE, reason: 'its engine does not support profiling' };
  } catch (error) {
    return { done: false, reason: signal.aborted ? 'interrupted' : (error as Error).message };
  } finally {
    web.close();
  }
}

/** `{"status": "ok", …}`; errors are `{"error": "Handler error", "message": …}` with 400, 500 or 503. */
function toldOf({ status, text }: Answer): Told {
  const value = parseJson(text);
  const said = isObject(value) ? value : {};
  if (status === 200 && said.status !== 'error') return { done: true };
  const words = said.message ?? said.error ?? text.trim().split('\n').at(-1) ?? '';
  return { done: false, status, reason: plainText(String(words)) || `it answered ${status}` };
}

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
const STOP_SILENCE = 5000;

/** Starts all at once, so that their traces are of the same time. */
export function startAll(
  dialer: NodeDialer,
  wanted: readonly { readonly worker: Chosen; readonly body: ProfileRequest }[],
  signal: AbortSignal,
): Promise<readonly Profiling[]> {
  const limits = { timeout: START_TIMEOUT, signal };
  const start = async ({ worker, body }: (typeof wanted)[number]): Promise<Profiling> => {
    const started = await tellEngine(dialer, worker.system, 'start_profile', body, limits);
    return { worker, started, stopped: { done: true } };
  };
  return Promise.all(wanted.map(start));
}

/**
 * Stops those that run, or may: an interrupt does not stop this. Others are left, for their profile is somebody else's. `onSilence`:
 * some have not answered at once, as an engine does not that has no requests.
 */
export async function stopAll(
  dialer: NodeDialer,
  profiling: readonly Profiling[],
  onSilence: () => void,
): Promise<readonly Profiling[]> {
  const limits = { timeout: STOP_TIMEOUT, signal: new AbortController().signal };
  const stop = async (each: Profiling): Promise<Profiling> => {
    const { worker, started } = each;
    if (!started.done && (started.status !== undefined || UNREACHED.test(started.reason))) return each;
    const stopped = await tellEngine(dialer, worker.system, 'stop_profile', {}, limits);
    // It came to the end of its steps, or was never started.
    const over = !stopped.done && /not in progress/i.test(stopped.reason);
    return { ...each, stopped: over ? { done: true } : stopped };
  };
  const silent = setTimeout(onSilence, STOP_SILENCE);
  try {
    return await Promise.all(profiling.map(stop));
  } finally {
    clearTimeout(silent);
  }
}

/** Why a request cannot have got there. */
const UNREACHED = /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND/;
