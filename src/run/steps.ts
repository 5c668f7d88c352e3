import type { Role } from '../config/schema/role.ts';
import type { EventOf, ObservedEvent } from './events.ts';
import type { StageEvent } from './log-event.ts';

/**
 * `waiting`: not started yet. `starting`: it does not serve yet; `restarting`: likewise, and it did before. `unregistered`: it
 * served, and lives, and etcd does not know it any more. `silent`: it has not answered lately, which its job knows nothing of.
 * `lost`: it ended by itself, and has not been started again. `stopped`: a command ended it.
 */
export type StepPhase =
  | 'waiting'
  | 'starting'
  | 'restarting'
  | 'ready'
  | 'unregistered'
  | 'silent'
  | 'lost'
  | 'stopped';

/** How a step ended by itself. */
export type StepEnd = EventOf<'process-ended' | 'worker-restarting' | 'degraded' | 'step-ended'>;

/** One step of a run, after the run's events so far. */
export interface StepState {
  readonly name: string;
  readonly phase: StepPhase;
  /** RFC 3339: since when it is in this phase; empty before its first start. */
  readonly since: string;
  /** How often it was started. */
  readonly starts: number;
  /** Its last start, with its role and hosts. */
  readonly started?: EventOf<'step-started'>;
  /** Event of its answer since its last start. */
  readonly answers?: EventOf<'service-ready'>;
  /** How far its last start has come, an event for each of its nodes, the newest last. */
  readonly stages: readonly StageEvent[];
  /** Role that lacked the step while it was not registered. */
  readonly lacking?: Role;
  /** How it ended, until it is back. */
  readonly end?: StepEnd;
  /** Id of the change that its command has; undefined while it is the config's. */
  readonly change?: string;
}

/** Steps by name, in the order of their first events. */
export type Steps = ReadonlyMap<string, StepState>;

/** A step of which no event has told. */
export function newStep(name: string): StepState {
  return { name, phase: 'waiting', since: '', starts: 0, stages: [] };
}

/** Whether processes of it run. */
export function isUp({ phase }: Pick<StepState, 'phase'>): boolean {
  return phase !== 'waiting' && phase !== 'lost' && phase !== 'stopped';
}

/** The steps after one more event. `inSession`: each worker says itself when it serves. */
export function advanceSteps(steps: Steps, event: ObservedEvent, inSession: boolean): Steps {
  switch (event.kind) {
    case 'job-started':
    case 'requeued':
      return new Map();
    case 'step-started': {
      const { starts = 0 } = steps.get(event.step) ?? {};
      const { answers: _, ...known } = phase(
        steps,
        event.step,
        starts > 0 ? 'restarting' : 'starting',
        event,
      );
      return set(steps, { ...known, started: event, starts: starts + 1, stages: [] });
    }
    case 'stage': {
      const step = steps.get(event.step);
      if (step === undefined) return steps;
      const others = step.stages.filter(({ node }) => node !== event.node);
      return set(steps, { ...step, stages: [...others, event] });
    }
    case 'service-ready':
      return set(steps, { ...back(steps, event.step, event), answers: event });
    case 'step-serving':
    case 'recovered':
      return set(steps, back(steps, event.step, event));
    case 'ready':
      return inSession
        ? steps
        : each(steps, ({ name, phase: now, end }) =>
            now === 'starting' || now === 'restarting' || end?.kind === 'worker-restarting'
              ? back(steps, name, event)
              : undefined,
          );
    case 'process-ended':
    case 'worker-restarting':
    case 'degraded':
    case 'step-ended':
      return set(steps, { ...phase(steps, event.step, 'lost', event), end: event });
    case 'step-stopped': {
      const { end: _, ...step } = phase(steps, event.step, 'stopped', event);
      return set(steps, step);
    }
    case 'step-changed': {
      const { change: _, ...step } = steps.get(event.step) ?? newStep(event.step);
      return set(steps, event.change === 'none' ? step : { ...step, change: event.change });
    }
    case 'unregistered':
    case 'registered-again': {
      // The event names all of the role that are missing, if their addresses tell which.
      const missing = event.kind === 'unregistered' ? event.missing : [];
      return each(steps, ({ name, phase: now, lacking }) => {
        if (now === 'ready' && missing.includes(name))
          return { ...phase(steps, name, 'unregistered', event), lacking: event.role };
        return now === 'unregistered' && lacking === event.role && !missing.includes(name)
          ? phase(steps, name, 'ready', event)
          : undefined;
      });
    }
    case 'health': {
      const silent = new Map(event.workers.map(({ step, state }) => [step, state === 'silent']));
      return each(steps, ({ name, phase: now }) => {
        if (now === 'ready' && silent.get(name) === true) return phase(steps, name, 'silent', event);
        return now === 'silent' && silent.get(name) === false
          ? phase(steps, name, 'ready', event)
          : undefined;
      });
    }
    case 'session-resumed':
      // Steps that a new supervisor did not find have ended while nobody looked. Who is registered, it says again.
      return each(steps, (step) => {
        const { name } = step;
        if (!isUp(step)) return undefined;
        if (event.adopted.includes(name))
          return step.phase === 'unregistered' ? phase(steps, name, 'ready', event) : undefined;
        const reason = `${name} ended while the session had no supervisor`;
        const end = { time: event.time, kind: 'step-ended', step: name, reason } as const;
        return { ...phase(steps, name, 'lost', event), end };
      });
    default:
      return steps;
  }
}

function phase(steps: Steps, name: string, next: StepPhase, { time }: ObservedEvent): StepState {
  const step = steps.get(name) ?? newStep(name);
  return step.phase === next ? step : { ...step, phase: next, since: time };
}

function back(steps: Steps, name: string, event: ObservedEvent): StepState {
  const { end: _, ...step } = phase(steps, name, 'ready', event);
  return step;
}

const set = (steps: Steps, step: StepState): Steps => new Map(steps).set(step.name, step);

/** `change`: undefined where a step stays as it is. */
function each(steps: Steps, change: (step: StepState) => StepState | undefined): Steps {
  return new Map([...steps].map(([name, step]) => [name, change(step) ?? step]));
}
