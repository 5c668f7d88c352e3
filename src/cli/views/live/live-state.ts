import type { Role } from '../../../config/schema/role.ts';
import { count } from '../../../config/text/plural.ts';
import { hasMockEngines } from '../../../observe/mock-engines.ts';
import type { ObservedEvent } from '../../../run/events.ts';
import type { Outline } from '../../../run/plan-file.ts';
import type { ServiceEventOf, SourceName } from '../../../run/service-event.ts';
import { advance, NEW_RUN, type RunState } from '../../../run/state.ts';
import { isUp, newStep, type StepEnd, type StepPhase, type StepState } from '../../../run/steps.ts';
import { stageCount } from '../event-text.ts';
import { type History, remembered } from './history.ts';
import { type Piece, piece } from './span-line.ts';

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
    case 'job-started':
    case 'requeued': {
      const { instances: _, bus: __, health: ___, load: ____, signature: _____, ...rest } = next;
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

/** `ending`: the run is torn down; `ended`: it has its verdict. */
export type WorkerPhase = StepPhase | 'ending' | 'ended';

/** One worker of a run, as the live view shows it; what etcd says of it comes later, and counts less. */
export interface WorkerState {
  readonly step: string;
  readonly role: Role;
  /** Hosts; none before it was started. */
  readonly nodes: readonly string[];
  readonly phase: WorkerPhase;
  /** Milliseconds since 1970: since when it is in this phase; 0 before its start. */
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
function workersOf(run: RunState, { steps }: Outline): Workers {
  return new Map(
    steps.flatMap(({ name, role }) => (role === null ? [] : [[name, workerState(name, role, run)]])),
  );
}

function workerState(name: string, role: Role, run: RunState): WorkerState {
  const step = run.steps.get(name) ?? newStep(name);
  const { since, ...shown } = shownAs(step, run);
  return {
    step: name,
    role,
    nodes: step.started?.nodes ?? [],
    note: '',
    next: '',
    ...shown,
    since: Date.parse(since) || 0,
    restarts: Math.max(0, step.starts - 1),
  };
}

type Shown = Pick<WorkerState, 'phase'> &
  Partial<Pick<WorkerState, 'note' | 'next'>> & { readonly since: string };

function shownAs(step: StepState, { teardown, verdict }: RunState): Shown {
  const { phase, since, end, stages } = step;
  if (phase === 'lost' && end) return { phase, since, note: shortReason(end), next: nextText(end) };
  if (verdict && phase !== 'waiting') return { phase: 'ended', since: verdict.time };
  if (teardown && isUp(step)) return { phase: 'ending', since: teardown.time };
  const stage = phase === 'starting' || phase === 'restarting' ? stages.at(-1) : undefined;
  if (!stage) return { phase, since };
  const how = stage.state === 'going' ? '' : `, ${stage.state}`;
  return { phase, since, note: `${stage.stage}${stageCount(stage)}${how}` };
}

/** Its row says which worker it is, and where. */
function shortReason({ reason, step }: StepEnd): string {
  const [, who, what] = /^(\S+) on \S+ (.*)$/s.exec(reason) ?? [];
  return who === step && what !== undefined ? what : reason;
}

function nextText(end: StepEnd): string {
  return end.kind === 'worker-restarting' ? `restart ${end.restart} of ${end.of} in ${end.delay} s` : '';
}

/** A run's state, in a word or two, and when it began. */
export interface StateWord {
  readonly word: Piece;
  /** Detail of the word, if it has one: `3 of 4 workers ready`. */
  readonly detail?: string;
  /** RFC 3339. */
  readonly since?: string | undefined;
}

export function stateWord({ run, workers }: LiveState): StateWord {
  const { ready, stalled, teardown, draining, requeued, verdict } = run;
  if (verdict) {
    const { outcome, time } = verdict;
    return { word: piece(outcome, outcome === 'succeeded' ? 'good' : 'bad'), since: time };
  }
  if (requeued) return { word: piece('requeued', 'warn'), since: requeued.time };
  if (teardown) return { word: piece('ending', 'warn'), since: teardown.time };
  if (!ready) return beforeReady(run);
  if (draining) return { word: piece('draining', 'warn'), since: draining.time };
  if (stalled) return { word: piece('stalled', 'bad'), since: stalled.time };
  const up = readyCount(workers);
  if (up === workers.size) return { word: piece('ready', 'good'), since: ready.time };
  const detail = `${up} of ${count(workers.size, 'worker')} ready`;
  return { word: piece('degraded', 'warn'), detail, since: ready.time };
}

function beforeReady({ started, bound, queue }: RunState): StateWord {
  if (bound) return { word: piece('starting', 'warn'), since: started?.time };
  if (started) return { word: piece('nodes', 'warn'), since: started.time };
  return { word: piece(queue?.reason ? `queued: ${queue.reason}` : 'queued', 'dim') };
}
