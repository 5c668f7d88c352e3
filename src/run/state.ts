import type { Role } from '../config/schema/job-schema.ts';
import { type Blame, blamesIn } from './blame.ts';
import type { EventOf, ObservedEvent, QueueEvent } from './events.ts';
import { advanceLosses, type Losses } from './losses.ts';
import { sameNode } from './node-name.ts';
import { advanceSteps, type StepEnd, type Steps } from './steps.ts';

/** What is known of a run after its events so far: of each kind the event that counts. */
export interface RunState {
  readonly queue?: QueueEvent;
  readonly started?: EventOf<'job-started'>;
  readonly bound?: EventOf<'nodes-bound'>;
  /** Ports that the job has moved, by their planned number. */
  readonly ports: ReadonlyMap<number, number>;
  readonly image?: EventOf<'image'>;
  readonly install?: EventOf<'install'>;
  readonly steps: Steps;
  /** Spans of time without all workers, of all attempts. */
  readonly losses: Losses;
  readonly workers: ReadonlyMap<Role, EventOf<'workers-registered'>>;
  readonly waiting?: EventOf<'waiting'>;
  readonly ready?: EventOf<'ready'>;
  /** Running workers that are not registered in etcd, by role. */
  readonly unregistered: ReadonlyMap<Role, EventOf<'unregistered'>>;
  /** A service that runs, and does not answer, or a worker that stands still. */
  readonly stalled?: EventOf<'stalled' | 'hung'>;
  readonly preflight?: EventOf<'preflight'>;
  /** The process whose end ends the job. */
  readonly cause?: EventOf<'process-ended'>;
  /** The newest of its benchmark. */
  readonly bench?: EventOf<'bench-point'>;
  readonly draining?: EventOf<'draining'>;
  readonly teardown?: EventOf<'teardown'>;
  /** The attempt before is over, and the next one has not begun. */
  readonly requeued?: EventOf<'requeued'>;
  readonly verdict?: EventOf<'verdict'>;
  /** State of an interactive session: whether it accepts commands, and the one in progress. */
  readonly session?: { readonly open: boolean; readonly command?: EventOf<'command'> };
  /** Nodes that trouble was laid at, by name; of all attempts. */
  readonly blamed: ReadonlyMap<string, Blame>;
}

export const NEW_RUN: RunState = {
  ports: new Map(),
  steps: new Map(),
  workers: new Map(),
  losses: { open: new Map() },
  unregistered: new Map(),
  blamed: new Map(),
};

/** The state after one more event. What belongs to an attempt of the job goes with it, as soon as Slurm has put it back. */
export function advance(state: RunState, event: ObservedEvent): RunState {
  const { steps, losses } = state;
  const before = {
    ...state,
    steps: advanceSteps(steps, event, state.session !== undefined),
    losses: advanceLosses(losses, event),
  };
  const next = advanced(before, event);
  const blames = blamesIn(event);
  if (blames.length === 0) return next;
  const hosts = next.bound?.nodes.map(({ host }) => host) ?? [];
  const named = blames.map((blame): readonly [string, Blame] => {
    const node = hosts.find((host) => sameNode(host, blame.node)) ?? blame.node;
    return [node, { ...blame, node }];
  });
  return { ...next, blamed: new Map([...next.blamed, ...named]) };
}

function advanced(state: RunState, event: ObservedEvent): RunState {
  switch (event.kind) {
    case 'queue':
      return { ...state, queue: event };
    case 'job-started':
      return { ...betweenAttempts(state), started: event };
    case 'preflight':
      return { ...state, preflight: event };
    case 'nodes-bound':
      return { ...state, bound: event };
    case 'image':
      return { ...state, image: event };
    case 'install':
      return { ...state, install: event };
    case 'workers-registered':
      return { ...state, workers: new Map(state.workers).set(event.role, event) };
    case 'waiting':
      return { ...state, waiting: event };
    case 'ready':
      return { ...state, ready: event };
    case 'worker-restarting':
    case 'degraded':
      return { ...withoutStall(state, event.step), unregistered: withoutRole(state, event.role) };
    case 'unregistered':
      return { ...state, unregistered: new Map(state.unregistered).set(event.role, event) };
    case 'registered-again':
      return { ...state, unregistered: withoutRole(state, event.role) };
    case 'stalled':
    case 'hung':
      return { ...state, stalled: event };
    case 'answers-again':
      return withoutStall(state, event.step);
    case 'process-ended':
      return state.cause ? state : { ...state, cause: event };
    case 'bench-point':
      return { ...state, bench: event };
    case 'draining':
      return { ...state, draining: event };
    case 'teardown':
      return { ...state, teardown: event };
    case 'requeued':
      return { ...betweenAttempts(state), requeued: event };
    case 'verdict':
      return { ...state, verdict: event };
    case 'session-open':
      return { ...state, session: { open: true } };
    case 'command':
      return { ...state, session: { open: false, ...state.session, command: event } };
    case 'answer':
      return { ...state, session: { open: state.session?.open ?? false } };
    case 'session-resumed': {
      // Its new supervisor says it again, if it still is so.
      const { stalled: _, ...rest } = state;
      return { ...rest, unregistered: new Map(), session: { open: true } };
    }
    case 'step-stopped':
    case 'step-ended': {
      const rest = withoutStall(state, event.step);
      return event.role === undefined ? rest : { ...rest, unregistered: withoutRole(state, event.role) };
    }
    case 'port-moved':
      return { ...state, ports: new Map([...state.ports, ...movedBy(event)]) };
    case 'step-started':
    case 'service-ready':
    case 'stage':
    case 'recovered':
    case 'warning':
    case 'signature':
    case 'worker-rates':
    case 'source':
    case 'instances':
    case 'bus':
    case 'health':
    case 'load':
    case 'step-changed':
    case 'step-serving':
    case 'other':
    case 'unreadable':
      return state;
    default:
      return event satisfies never;
  }
}

/** What outlasts an attempt. */
export function betweenAttempts({ queue, losses, blamed }: RunState): RunState {
  return { ...NEW_RUN, ...(queue && { queue }), losses, blamed };
}

/** It was ready, and has not begun to end. */
export function isServing({ ready, teardown, verdict }: RunState): boolean {
  return ready !== undefined && !teardown && !verdict;
}

const RANGE = /^(\d{1,5})(?:-(\d{1,5}))?$/;

/** `from` and `to` list as many ports and ranges each, as in `2379,29500-29506`. */
function movedBy({ from, to }: EventOf<'port-moved'>): readonly (readonly [planned: number, port: number])[] {
  const places = to.split(',');
  return from.split(',').flatMap((range, place) => {
    const [planned, moved] = [RANGE.exec(range), RANGE.exec(places[place] ?? '')];
    if (!planned || !moved) return [];
    const [first, last] = [Number(planned[1]), Number(planned[2] ?? planned[1])];
    return Array.from(
      { length: Math.max(0, last - first + 1) },
      (_, index) => [first + index, Number(moved[1]) + index] as const,
    );
  });
}

export type Absence = Extract<StepEnd, { readonly kind: 'worker-restarting' | 'degraded' }>;

/** Workers that are being restarted, or lost for good. */
export function absences({ steps }: Pick<RunState, 'steps'>): readonly Absence[] {
  return [...steps.values()].flatMap(({ end }) =>
    end?.kind === 'worker-restarting' || end?.kind === 'degraded' ? [end] : [],
  );
}

function withoutRole({ unregistered }: RunState, role: Role): RunState['unregistered'] {
  return new Map([...unregistered].filter(([key]) => key !== role));
}

function withoutStall(state: RunState, step: string): RunState {
  const { stalled, ...rest } = state;
  return stalled?.step === step ? rest : state;
}

export function stateAfter(events: Iterable<ObservedEvent>): RunState {
  let state = NEW_RUN;
  for (const event of events) state = advance(state, event);
  return state;
}
