import type { EventOf } from './events.ts';
import type { Outline, PlannedStep } from './plan-file.ts';
import type { RunState } from './state.ts';
import { isUp, newStep, type StepEnd, type StepPhase, type StepState } from './steps.ts';

/** `idle`: never started. `ended`: it ended by itself. */
type SessionPhase = 'idle' | 'starting' | 'serving' | 'unregistered' | 'stopped' | 'ended';

/** A step that a session's commands start and stop: a worker, a frontend, nginx or the benchmark. */
export interface SessionStep extends Pick<PlannedStep, 'name' | 'kind' | 'role'> {
  /** Hosts; of a step that never ran none. */
  readonly nodes: readonly string[];
  readonly phase: SessionPhase;
  /** RFC 3339: since when it is in this phase; empty while idle. */
  readonly since: string;
  /** How often it was started. */
  readonly starts: number;
  /** Id of the change that its command has; undefined while it is the config's. */
  readonly change?: string;
  /** How it ended by itself, where that is its phase. */
  readonly end?: StepEnd;
}

export interface SessionState {
  /** In launch order; infrastructure, without which there is no session, is left out. */
  readonly steps: readonly SessionStep[];
  readonly open: boolean;
  /** The command that is being obeyed. */
  readonly command?: EventOf<'command'>;
}

const FIXED = new Set(['image', 'container', 'install', 'cleanup', 'etcd', 'nats', 'mooncake', 'monitor']);
const BENCH = { name: 'bench', kind: 'bench', role: null } as const;

/** What a run's state says of it as a session. */
export function sessionState(run: RunState, outline: Outline | undefined): SessionState {
  // A session can always run a benchmark.
  const planned = new Map([...(outline?.steps ?? []), BENCH].map((step) => [step.name, step]));
  const { open = false, command } = run.session ?? {};
  return {
    steps: [...planned.values()].filter(({ kind }) => !FIXED.has(kind)).map((step) => sessionStep(step, run)),
    open: open && run.verdict === undefined,
    ...(command && { command }),
  };
}

const PHASES: Readonly<Record<StepPhase, SessionPhase>> = {
  waiting: 'idle',
  starting: 'starting',
  restarting: 'starting',
  ready: 'serving',
  silent: 'serving',
  unregistered: 'unregistered',
  lost: 'ended',
  stopped: 'stopped',
};

function sessionStep({ name, kind, role }: PlannedStep, { steps, verdict }: RunState): SessionStep {
  const step: StepState = steps.get(name) ?? newStep(name);
  const { phase, starts, started, change, end } = step;
  // The session's end is that of its steps.
  const over = verdict && isUp(step) ? verdict : undefined;
  return {
    name,
    kind,
    role,
    nodes: started?.nodes ?? [],
    phase: over ? 'stopped' : PHASES[phase],
    since: over?.time ?? step.since,
    starts,
    ...(change !== undefined && { change }),
    ...(end && phase === 'lost' && { end }),
  };
}
