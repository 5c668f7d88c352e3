import { span } from '../../../format.ts';
import { pause } from '../../../host/pause.ts';
import type { ObservedEvent, QueueEvent } from '../../../run/events.ts';
import { eventText } from '../../views/event-text.ts';

/** Slurm may be silent, or have forgotten the job, before it starts. */
const WAITS: ReadonlySet<QueueEvent['phase']> = new Set<QueueEvent['phase']>(['pending', 'unknown', 'gone']);

/**
 * What `--pending-limit` asks for: no run is watched for longer than that while its job waits in the queue. `limit` in
 * seconds; without one it never runs out.
 */
export function limitPending(runs: readonly string[], limit: number | undefined, outer: AbortSignal) {
  const waiting = new Map<string, QueueEvent | undefined>(runs.map((run) => [run, undefined]));
  const out = new AbortController();
  const over = new AbortController();
  if (limit !== undefined) {
    void pause(limit * 1000, AbortSignal.any([outer, over.signal])).then((passed) => passed && out.abort());
  }
  return {
    /** Aborted when it has run out, as well as with `outer`. */
    signal: AbortSignal.any([outer, out.signal]),
    /** The same events of a run, whose waiting is thereby known. */
    async *follow(run: string, events: AsyncIterable<ObservedEvent>): AsyncGenerator<ObservedEvent> {
      for await (const event of events) {
        if (event.kind !== 'queue' || !WAITS.has(event.phase)) waiting.delete(run);
        else if (waiting.has(run)) waiting.set(run, event);
        if (waiting.size === 0) over.abort();
        yield event;
      }
    },
    /** The message after the limit has passed, with why each of the runs waits. */
    text(): string | undefined {
      if (!out.signal.aborted || limit === undefined) return undefined;
      const reasons = [...waiting].map(([run, event]) => `  ${(event && eventText(event)) ?? run}\n`);
      return `\nnot started within ${span(limit)}, the --pending-limit\n${reasons.join('')}`;
    },
    /** Nothing is watched any more. */
    end: () => over.abort(),
  };
}
