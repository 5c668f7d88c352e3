import { DynSlurmError } from '../errors.ts';
import { timeLimit } from '../host/time-limit.ts';
import type { SampleRequest } from '../plan/sample-request.ts';

export interface SampleAnswer {
  /** Milliseconds. */
  readonly duration: number;
  /** The answer as it came. */
  readonly text: string;
}

/** Milliseconds that an answer may take on a busy machine. */
const TIMEOUT = 90_000;

/** Asks a service that serves no chats for a sample of what it serves. @throws DynSlurmError `jobFailed` */
export async function askSample(
  { what, path, body, proof }: SampleRequest,
  { url, model, signal }: { readonly url: string; readonly model: string; readonly signal: AbortSignal },
): Promise<SampleAnswer> {
  const began = performance.now();
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, ...body }),
    signal: AbortSignal.any([signal, timeLimit(TIMEOUT)]),
  }).catch((cause: unknown) => {
    if (signal.aborted) throw cause;
    throw new DynSlurmError('jobFailed', `${url}${path} does not answer`, { cause });
  });
  const text = await response.text();
  if (!response.ok || !new RegExp(proof).test(text))
    throw new DynSlurmError(
      'jobFailed',
      `${url}${path} answered the request for ${what} with ${response.status}: ${text}`,
      { hint: "see the workers' logs" },
    );
  return { duration: performance.now() - began, text };
}
