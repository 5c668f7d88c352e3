import type { Role } from '../../../config/schema/role.ts';
import type { Outline } from '../../../run/plan-file.ts';
import type { RunState } from '../../../run/state.ts';
import { isUp, newStep, type StepEnd, type StepPhase, type StepState } from '../../../run/steps.ts';
import { stageCount } from '../log-event-text.ts';

/** `ending`: the run is torn down; `ended`: this attempt of it is over. */
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
export function workersOf(run: RunState, { steps }: Outline): Workers {
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

function shownAs(step: StepState, { teardown, verdict, requeued }: RunState): Shown {
  const { phase, since, end, stages } = step;
  const over = verdict ?? requeued;
  if (phase === 'lost' && end) return { phase, since, note: shortReason(end), next: nextText(end) };
  if (over && phase !== 'waiting') return { phase: 'ended', since: over.time };
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
