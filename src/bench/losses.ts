import type { ObservedEvent } from '../run/events.ts';
import type { BenchProblem } from './result.ts';

/** A span of time in which the service had fewer workers than it should. */
interface Loss {
  readonly kind: 'worker-lost' | 'worker-restarted';
  readonly reason: string;
  readonly from: number;
  /** Absent while the worker has not come back. */
  until?: number;
}

/** Milliseconds that the job may take to notice a worker's end. */
const NOTICED = 2500;

/** What happened to workers while requests were measured, from `started` to `ended` (ms since 1970). */
export function lossesBetween(
  events: readonly ObservedEvent[],
  started: number,
  ended: number,
): readonly BenchProblem[] {
  return lossesIn(events)
    .filter(({ from, until }) => from <= ended + NOTICED && (until ?? Number.POSITIVE_INFINITY) > started)
    .map(({ kind, reason }) => ({ kind, reason }));
}

function lossesIn(events: readonly ObservedEvent[]): readonly Loss[] {
  const losses: Loss[] = [];
  const open = new Map<string, Loss>();
  const close = (key: string, time: string) => {
    const loss = open.get(key);
    if (loss) loss.until = Date.parse(time);
    open.delete(key);
  };
  const begin = (key: string, kind: Loss['kind'], reason: string, time: string) => {
    close(key, time);
    const loss: Loss = { kind, reason, from: Date.parse(time) };
    losses.push(loss);
    open.set(key, loss);
  };
  for (const event of events) {
    switch (event.kind) {
      case 'worker-restarting':
        begin(event.step, 'worker-restarted', event.reason, event.time);
        break;
      case 'degraded':
        begin(event.step, 'worker-lost', event.reason, event.time);
        break;
      case 'unregistered':
        begin(`role ${event.role}`, 'worker-lost', event.reason, event.time);
        break;
      case 'registered-again':
        close(`role ${event.role}`, event.time);
        break;
      case 'recovered':
      case 'step-serving':
        close(event.step, event.time);
        break;
      case 'process-ended':
      case 'step-ended':
        if (event.role !== undefined) begin(event.step, 'worker-lost', event.reason, event.time);
        break;
      case 'step-stopped':
        if (event.role !== undefined)
          begin(event.step, 'worker-lost', `${event.step} was stopped`, event.time);
        break;
      case 'job-started':
        for (const key of [...open.keys()]) close(key, event.time);
        break;
      default:
        break;
    }
  }
  return losses;
}
