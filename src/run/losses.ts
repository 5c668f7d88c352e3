import type { ObservedEvent } from './events.ts';

/** A span of time in which the service had fewer workers than it should. */
export interface Loss {
  readonly kind: 'worker-lost' | 'worker-restarted';
  readonly reason: string;
  /** Milliseconds since 1970; `until` is absent while what was lost has not come back. */
  readonly from: number;
  readonly until?: number;
}

/** The losses of a run, of all its attempts. */
export interface Losses {
  /** What has not come back, by step, or by role where workers are not registered. */
  readonly open: ReadonlyMap<string, Loss>;
  /** What has, the last one first: a chain, for runs of weeks may have many. */
  readonly closed?: Closed;
}

interface Closed {
  readonly loss: Loss;
  readonly before?: Closed | undefined;
}

/** Milliseconds that the job may take to notice a worker's end. */
const NOTICED = 2500;

/** Those between two times, milliseconds since 1970, in the order of their beginnings. */
export function lossesBetween({ open, closed }: Losses, from: number, until: number): readonly Loss[] {
  const all = [...open.values()];
  for (let each = closed; each !== undefined; each = each.before) all.push(each.loss);
  return all
    .filter((loss) => loss.from <= until + NOTICED && (loss.until ?? Number.POSITIVE_INFINITY) > from)
    .sort((one, other) => one.from - other.from);
}

/** The losses after one more event. */
export function advanceLosses(losses: Losses, event: ObservedEvent): Losses {
  switch (event.kind) {
    case 'worker-restarting':
      return begin(losses, event.step, event, 'worker-restarted');
    case 'degraded':
      return begin(losses, event.step, event);
    case 'unregistered':
      return begin(losses, `role ${event.role}`, event);
    case 'registered-again':
      return close(losses, `role ${event.role}`, event);
    case 'recovered':
    case 'step-serving':
      return close(losses, event.step, event);
    case 'process-ended':
    case 'step-ended':
      return event.role === undefined ? losses : begin(losses, event.step, event);
    case 'step-stopped': {
      const { step, time, role } = event;
      return role === undefined ? losses : begin(losses, step, { time, reason: `${step} was stopped` });
    }
    case 'job-started':
    case 'requeued':
      return [...losses.open.keys()].reduce((left, key) => close(left, key, event), losses);
    default:
      return losses;
  }
}

function begin(
  losses: Losses,
  key: string,
  { time, reason }: { readonly time: string; readonly reason: string },
  kind: Loss['kind'] = 'worker-lost',
): Losses {
  const before = close(losses, key, { time });
  return { ...before, open: new Map(before.open).set(key, { kind, reason, from: Date.parse(time) }) };
}

function close(losses: Losses, key: string, { time }: { readonly time: string }): Losses {
  const loss = losses.open.get(key);
  if (loss === undefined) return losses;
  const open = new Map(losses.open);
  open.delete(key);
  return { open, closed: { loss: { ...loss, until: Date.parse(time) }, before: losses.closed } };
}
