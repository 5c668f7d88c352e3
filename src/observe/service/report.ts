import { unlessAborted } from '../../host/on-abort.ts';
import { pause } from '../../host/pause.ts';
import type { ServiceEvent, ServiceEventBody, SourceName, Way } from '../../run/service-event.ts';
import type { AsyncQueue } from '../async-queue.ts';

/** Milliseconds that news of a lost source are held back. */
const HELD = 2500;

/** Hands on what sources learn, each thing once. */
export class Report {
  readonly #queue: AsyncQueue<ServiceEvent>;
  readonly #now: () => Date;
  readonly #said = new Map<string, string>();
  readonly #held = new Map<SourceName, NodeJS.Timeout>();

  constructor(queue: AsyncQueue<ServiceEvent>, now: () => Date) {
    this.#queue = queue;
    this.#now = now;
  }

  tell(body: ServiceEventBody): void {
    this.#queue.push({ time: this.#now().toISOString(), ...body });
  }

  /** `key` tells apart what may change from what counts as the same news; by default all of it. */
  tellChange(body: ServiceEventBody, key: string = JSON.stringify(body)): void {
    const topic = body.kind === 'source' ? `source ${body.source}` : body.kind;
    if (this.#said.get(topic) === key) return;
    this.#said.set(topic, key);
    this.tell(body);
  }

  /** What was up and is missing now may only be the first to go at the end of a run, of which its job tells soon. */
  source(source: SourceName, state: 'up' | 'missing', via: Way, reason = ''): void {
    const say = () => {
      this.#held.delete(source);
      this.tellChange({ kind: 'source', source, state, via, reason }, `${state} ${via}`);
    };
    const held = this.#held.get(source);
    const said = this.#said.get(`source ${source}`);
    // What the job records stands in for it; that it is still missing is no news.
    if (state === 'missing' && via !== 'recorded' && said?.endsWith('recorded')) return;
    if (state === 'up') {
      clearTimeout(held);
      say();
    } else if (!said?.startsWith('up')) say();
    else if (held === undefined) this.#held.set(source, setTimeout(say, HELD));
  }

  close(): void {
    for (const timer of this.#held.values()) clearTimeout(timer);
  }
}

/** Milliseconds between attempts to reach what cannot be reached. */
const SHORTEST = 1000;
const LONGEST = 15_000;

/**
 * Reads a source until the abort, again and again where that fails. `read` says when it has got through, and ends only by
 * an error or the abort; with the abort nobody waits for it any longer.
 */
export async function persist(
  source: SourceName,
  via: Way,
  report: Report,
  read: (up: () => void) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let wait = SHORTEST;
  do {
    let reason = 'the connection has ended';
    try {
      // What a source leaves open when it does not answer is closed behind our back.
      await unlessAborted(
        read(() => {
          wait = SHORTEST;
          report.source(source, 'up', via);
        }),
        signal,
        0,
      );
    } catch (error) {
      reason = reasonOf(error);
    }
    if (signal.aborted) return;
    report.source(source, 'missing', via, reason);
    wait = Math.min(wait * 2, LONGEST);
  } while (await pause(wait / 2, signal));
}

/** Errors of Node's net, of grpc and of NATS, in a line. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errors } = error as AggregateError;
  const text = error.message || (Array.isArray(errors) ? reasonOf(errors[0]) : error.name);
  return text.split('\n')[0] ?? '';
}
