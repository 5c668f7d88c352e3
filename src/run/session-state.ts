import type { Role } from '../config/schema/role.ts';
import type { EventOf, ObservedEvent } from './events.ts';
import type { Outline } from './plan-file.ts';

/**
 * `idle`: never started. `starting`: it does not serve yet. `unregistered`: it did, and lives, and etcd does not know it any
 * more. `stopped`: a command ended it. `ended`: it ended by itself.
 */
type StepPhase = 'idle' | 'starting' | 'serving' | 'unregistered' | 'stopped' | 'ended';

/** A step that a session's commands start and stop: a worker, a frontend, nginx or the benchmark. */
export interface SessionStep {
  readonly name: string;
  readonly kind: Outline['steps'][number]['kind'];
  readonly role: Role | null;
  /** Hosts; of a step that never ran none. */
  readonly nodes: readonly string[];
  readonly phase: StepPhase;
  /** RFC 3339: since when it is in this phase; empty while idle. */
  readonly since: string;
  /** How often it was started. */
  readonly starts: number;
  /** Id of the change that its command has; undefined while it is the config's. */
  readonly change?: string;
  /** How it ended by itself, where that is its phase. */
  readonly end?: EventOf<'step-ended'>;
}

export interface SessionState {
  /** In launch order; infrastructure, without which there is no session, is left out. */
  readonly steps: readonly SessionStep[];
  readonly open: boolean;
  /** The command that is being obeyed. */
  readonly command?: EventOf<'command'>;
}

const FIXED = new Set(['image', 'container', 'cleanup', 'etcd', 'nats', 'monitor']);
const BENCH = { name: 'bench', kind: 'bench', role: null } as const;

/** A session after its events so far. */
export function sessionState(events: Iterable<ObservedEvent>, outline: Outline | undefined): SessionState {
  const steps = new Map<string, SessionStep>();
  // A session can always run a benchmark.
  for (const { name, kind, role } of [...(outline?.steps ?? []), BENCH]) {
    if (FIXED.has(kind)) continue;
    steps.set(name, { name, kind, role, nodes: [], phase: 'idle', since: '', starts: 0 });
  }
  let open = false;
  let command: EventOf<'command'> | undefined;
  for (const event of events) {
    if (event.kind === 'session-open' || event.kind === 'session-resumed') {
      open = true;
      command = undefined;
      if (event.kind === 'session-resumed') endUnseen(event, steps);
    } else if (event.kind === 'command') command = event;
    else if (event.kind === 'answer') command = undefined;
    else if (event.kind === 'verdict') {
      open = false;
      endAll(event, steps);
    } else if (event.kind === 'unregistered' || event.kind === 'registered-again') {
      noteRegistrations(event, steps);
    } else if ('step' in event && typeof event.step === 'string') {
      const known = steps.get(event.step);
      if (known) steps.set(event.step, advanced(known, event));
    }
  }
  return { steps: [...steps.values()], open, ...(command && { command }) };
}

/** The session's end is that of its steps. */
function endAll({ time }: EventOf<'verdict'>, steps: Map<string, SessionStep>): void {
  for (const [name, step] of steps) {
    if (isUp(step)) steps.set(name, { ...step, phase: 'stopped', since: time });
  }
}

/** Whether processes of it run. */
const isUp = ({ phase }: Pick<SessionStep, 'phase'>): boolean =>
  phase === 'starting' || phase === 'serving' || phase === 'unregistered';

/** The event names all of the role that are missing, if their addresses tell which. */
function noteRegistrations(
  event: EventOf<'unregistered'> | EventOf<'registered-again'>,
  steps: Map<string, SessionStep>,
): void {
  const missing = event.kind === 'unregistered' ? event.missing : [];
  for (const [name, step] of steps) {
    if (step.role !== event.role || (step.phase !== 'serving' && step.phase !== 'unregistered')) continue;
    const phase = missing.includes(name) ? 'unregistered' : 'serving';
    if (phase !== step.phase) steps.set(name, { ...step, phase, since: event.time });
  }
}

/**
 * Steps that a new supervisor did not find any more have ended while nobody looked. Whether the others are registered, it
 * says again.
 */
function endUnseen(event: EventOf<'session-resumed'>, steps: Map<string, SessionStep>): void {
  for (const [name, step] of steps) {
    if (!isUp(step)) continue;
    if (event.adopted.includes(name)) {
      if (step.phase === 'unregistered') steps.set(name, { ...step, phase: 'serving', since: event.time });
      continue;
    }
    const reason = `${name} ended while the session had no supervisor`;
    const end = { time: event.time, kind: 'step-ended', step: name, reason } as const;
    steps.set(name, { ...step, phase: 'ended', since: event.time, end });
  }
}

function advanced(step: SessionStep, event: ObservedEvent): SessionStep {
  const { end: _, ...rest } = step;
  switch (event.kind) {
    case 'step-started':
      return {
        ...rest,
        nodes: event.nodes,
        phase: 'starting',
        since: event.time,
        starts: step.starts + 1,
      };
    case 'step-serving':
    case 'service-ready':
      return { ...rest, phase: 'serving', since: event.time };
    case 'step-stopped':
      return { ...rest, phase: 'stopped', since: event.time };
    case 'step-ended':
      return { ...rest, phase: 'ended', since: event.time, end: event };
    case 'step-changed': {
      const { change: __, ...unchanged } = step;
      return event.change === 'none' ? unchanged : { ...unchanged, change: event.change };
    }
    default:
      return step;
  }
}
