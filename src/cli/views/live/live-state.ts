import { hasMockEngines } from '../../../observe/mock-engines.ts';
import type { ObservedEvent } from '../../../run/events.ts';
import type { Outline } from '../../../run/plan-file.ts';
import type { ServiceEventOf, SourceName } from '../../../run/service-event.ts';
import { advance, NEW_RUN, type RunState } from '../../../run/state.ts';
import { type History, remembered } from './history.ts';
import { type Workers, workersOf } from './worker-state.ts';

/** All that a live view shows, after a run's events so far. */
export interface LiveState {
  readonly run: RunState;
  readonly outline: Outline;
  readonly workers: Workers;
  readonly sources: ReadonlyMap<SourceName, ServiceEventOf<'source'>>;
  readonly instances?: ServiceEventOf<'instances'>;
  readonly bus?: ServiceEventOf<'bus'>;
  readonly health?: ServiceEventOf<'health'>;
  readonly load?: ServiceEventOf<'load'>;
  readonly history: History;
  /** What workers' logs say of their work, where their metrics are silent; by step. */
  readonly logged: ReadonlyMap<string, Extract<ObservedEvent, { readonly kind: 'worker-rates' }>>;
  /** The last fatal line that is known. */
  readonly signature?: Extract<ObservedEvent, { readonly kind: 'signature' }>;
}

/** Whether the figures are those of mock engines: of a run that has been ready. */
export const isMock = ({ run }: Pick<LiveState, 'run'>): boolean => hasMockEngines(undefined, [run.ready]);

export function newLiveState(outline: Outline): LiveState {
  return {
    run: NEW_RUN,
    outline,
    workers: workersOf(NEW_RUN, outline),
    sources: new Map(),
    history: [],
    logged: new Map(),
  };
}

export function advanceLive(state: LiveState, event: ObservedEvent): LiveState {
  const run = advance(state.run, event);
  const next = { ...state, run, workers: workersOf(run, state.outline) };
  switch (event.kind) {
    case 'job-started': {
      const { instances: _, bus: __, health: ___, load: ____, ...rest } = next;
      return { ...rest, sources: new Map(), logged: new Map() };
    }
    case 'source':
      return { ...next, sources: new Map(state.sources).set(event.source, event) };
    case 'instances':
      return { ...next, instances: event };
    case 'bus':
      return { ...next, bus: event };
    case 'health':
      return { ...next, health: event };
    case 'load':
      return { ...next, load: event, history: remembered(state.history, event) };
    case 'worker-rates':
      return { ...next, logged: new Map(state.logged).set(event.step, event) };
    case 'signature':
      return { ...next, signature: event };
    default:
      return next;
  }
}
