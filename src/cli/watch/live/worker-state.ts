import type { Role } from '../../../config/schema/role.ts';
import type { ObservedEvent } from '../../../run/events.ts';
import type { Outline } from '../../../run/plan-file.ts';
import { stageCount } from '../log-event-text.ts';

/**
 * `waiting`: not started yet. `lost`: it ended by itself, and has not been started again. `unregistered`: it runs, and is
 * not in etcd. `silent`: it has not answered lately, which its job knows nothing of.
 */
export type WorkerPhase =
  | 'waiting'
  | 'starting'
  | 'ready'
  | 'unregistered'
  | 'silent'
  | 'lost'
  | 'restarting'
  | 'stopped'
  | 'ending'
  | 'ended';

/** One worker of a run, as the run's events tell; what etcd says of it comes later, and counts less. */
export interface WorkerState {
  readonly step: string;
  readonly role: Role;
  /** Hosts; none before it was started. */
  readonly nodes: readonly string[];
  readonly phase: WorkerPhase;
  /** Milliseconds since 1970: since when it is in this phase. */
  readonly since: number;
  /** Why it is lost, or how far its start has come; else empty. */
  readonly note: string;
  /** What is going to happen to it; else empty. */
  readonly next: string;
  /** How often it was started again. */
  readonly restarts: number;
}

export type Workers = ReadonlyMap<string, WorkerState>;

export function readyCount(workers: Workers): number {
  return [...workers.values()].filter(({ phase }) => phase === 'ready').length;
}

/** All workers that a run is going to have. */
export function plannedWorkers({ steps }: Outline): Workers {
  return new Map(
    steps.flatMap(({ name, role }) =>
      role === null
        ? []
        : [
            [
              name,
              { step: name, role, nodes: [], phase: 'waiting', since: 0, note: '', next: '', restarts: 0 },
            ],
          ],
    ),
  );
}

/** The workers after one more event. */
export function advanceWorkers(workers: Workers, event: ObservedEvent): Workers {
  const time = Date.parse(event.time);
  const all = (phase: WorkerPhase, of: (worker: WorkerState) => boolean) =>
    new Map([...workers].map(([step, each]) => [step, of(each) ? into(each, phase, time) : each]));
  const one = (
    step: string | undefined,
    phase: WorkerPhase,
    note = '',
    change: Partial<WorkerState> = {},
  ) => {
    const known = workers.get(step ?? '');
    return known
      ? new Map(workers).set(known.step, { ...into(known, phase, time, note), ...change })
      : workers;
  };
  switch (event.kind) {
    case 'job-started':
      return new Map(
        [...workers].map(([step, each]) => [step, { ...into(each, 'waiting', time), restarts: 0 }]),
      );
    case 'step-started': {
      const again = (workers.get(event.step)?.nodes.length ?? 0) > 0;
      const { restarts = 0, phase } = workers.get(event.step) ?? {};
      const back = again && (phase === 'lost' || phase === 'stopped');
      return one(event.step, back ? 'restarting' : 'starting', '', {
        nodes: event.nodes,
        restarts: restarts + (back ? 1 : 0),
      });
    }
    case 'ready':
      return all('ready', ({ phase }) => ALIVE.has(phase) && phase !== 'unregistered');
    case 'step-serving':
    case 'recovered':
      return one(event.step, 'ready');
    case 'process-ended':
      return one(event.step, 'lost', shortReason(event));
    case 'worker-restarting':
      return one(event.step, 'lost', shortReason(event), {
        next: `restart ${event.restart} of ${event.of} in ${event.delay} s`,
      });
    case 'degraded':
    case 'step-ended':
      return one(event.step, 'lost', shortReason(event));
    case 'step-stopped':
      return one(event.step, 'stopped');
    case 'unregistered':
      return all('unregistered', ({ step, phase }) => phase === 'ready' && event.missing.includes(step));
    case 'registered-again':
      return all('ready', ({ role, phase }) => phase === 'unregistered' && role === event.role);
    case 'stage':
      return staged(workers, event);
    case 'health':
      return event.workers.reduce(
        (known, { step, state }) => heard(known, step, state === 'silent', time),
        workers,
      );
    case 'teardown':
      return all('ending', ({ phase }) => ALIVE.has(phase) || phase === 'silent');
    case 'requeued':
    case 'verdict':
      return all('ended', ({ phase }) => phase !== 'lost' && phase !== 'waiting');
    default:
      return workers;
  }
}

/** Its row says which worker it is, and where. */
function shortReason({ reason, step }: { readonly reason: string; readonly step: string }): string {
  const [, who, what] = /^(\S+) on \S+ (.*)$/s.exec(reason) ?? [];
  return who === step && what !== undefined ? what : reason;
}

const ALIVE: ReadonlySet<WorkerPhase> = new Set(['starting', 'restarting', 'ready', 'unregistered']);

function into(worker: WorkerState, phase: WorkerPhase, time: number, note = ''): WorkerState {
  const since = worker.phase === phase ? worker.since : time;
  return { ...worker, phase, note, next: '', since };
}

function heard(workers: Workers, step: string, silent: boolean, time: number): Workers {
  const known = workers.get(step);
  const phase = silent
    ? known?.phase === 'ready'
      ? 'silent'
      : undefined
    : known?.phase === 'silent'
      ? 'ready'
      : undefined;
  return known && phase ? new Map(workers).set(step, into(known, phase, time)) : workers;
}

function staged(workers: Workers, event: Extract<ObservedEvent, { readonly kind: 'stage' }>): Workers {
  const known = workers.get(event.step);
  if (known?.phase !== 'starting' && known?.phase !== 'restarting') return workers;
  const { stage, state } = event;
  const note = `${stage}${stageCount(event)}${state === 'going' ? '' : `, ${state}`}`;
  return new Map(workers).set(event.step, { ...known, note });
}
