import { plainText } from '../../../host/plain-text.ts';
import type { HostPort } from '../../../observe/service/endpoints.ts';
import type { Answer, Web } from '../../../observe/service/web.ts';

/** What an engine made of being told something. */
export type Told =
  | { readonly done: true }
  /** `status` is absent where there was no answer: it may have done it all the same. */
  | { readonly done: false; readonly status?: number; readonly reason: string };

/** Of SGLang's ProfileReq; what is left out is the engine's default. */
export interface ProfileRequest {
  /** Absolute; made by the engine. */
  readonly output_dir: string;
  readonly activities: readonly string[];
  /** The engine stops by itself after so many forward passes. */
  readonly num_steps?: number;
}

/** `control/` since https://github.com/ai-dynamo/dynamo/pull/10347, in June 2026; older ones have no such prefix. */
const PREFIXES = ['/engine/control/', '/engine/'] as const;

export const NO_ROUTE = 404;

/** Tells the engine of one worker, through its system port, to start or stop its profiler. Never rejects. */
export async function tellEngine(
  web: Web,
  endpoint: HostPort,
  what: 'start_profile' | 'stop_profile',
  body: ProfileRequest | Record<string, never>,
  { timeout, signal }: { readonly timeout: number; readonly signal: AbortSignal },
): Promise<Told> {
  try {
    for (const prefix of PREFIXES) {
      const answer = await web.post(endpoint, prefix + what, body, timeout, signal);
      if (answer.status !== NO_ROUTE) return toldOf(answer);
    }
    return { done: false, status: NO_ROUTE, reason: 'its engine does not support profiling' };
  } catch (error) {
    const { message } = error as Error;
    return { done: false, reason: signal.aborted ? 'interrupted' : message };
  }
}

/** `{"status": "ok", …}`; errors are `{"error": "Handler error", "message": …}` with 400, 500 or 503. */
function toldOf({ status, text }: Answer): Told {
  const said = fieldsOf(text);
  if (status === 200 && said.status !== 'error') return { done: true };
  const words = said.message ?? said.error ?? text.trim().split('\n').at(-1) ?? '';
  return { done: false, status, reason: plainText(String(words)) || `it answered ${status}` };
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
