import { join } from 'node:path/posix';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import { plainText } from '../../../host/plain-text.ts';
import { adviceFor } from '../../../observe/advice.ts';
import type { EventOf, ObservedEvent } from '../../../run/events.ts';
import { shortName } from '../../../run/node-name.ts';
import type { SessionStep } from '../../../run/session-state.ts';
import type { StepEnd } from '../../../run/steps.ts';
import type { Underway } from '../../runs/session/command.ts';
import type { Steered } from '../../runs/session/lookup.ts';
import { eventText } from '../../views/event-text.ts';
import { writeLine } from '../../views/screen.ts';
import type { World } from '../../world.ts';

/** What became of a step that was started. */
export interface Started {
  readonly name: string;
  /** Of a worker; of a frontend or nginx. */
  readonly serving?: EventOf<'step-serving'> | EventOf<'service-ready'>;
  readonly end?: EventOf<'step-ended'>;
}

interface Waiting {
  /** false: do not wait until it serves. */
  readonly wait?: boolean;
  readonly json?: boolean;
}

/**
 * Waits until each of the steps that a command starts serves, or has ended by itself; shows how it goes.
 * @throws DynSlurmError `jobFailed` where the run ends.
 */
export async function awaitServing(
  steps: readonly Pick<SessionStep, 'name'>[],
  { id, events }: Underway,
  { wait = true, json = false }: Waiting,
  world: World,
): Promise<readonly Started[]> {
  const started = new Map<string, Started>(steps.map(({ name }) => [name, { name }]));
  let answered = false;
  for await (const event of events) {
    if (event.kind === 'verdict') {
      throw new DynSlurmError('jobFailed', `the run has ended: ${event.reason}`);
    }
    if (event.kind === 'answer' && event.command === id) answered = true;
    if (isNews(event, started)) {
      note(event, started);
      if (!json) writeLine(eventText(event), new Date(event.time), { out: world.err });
    }
    if (answered && (!wait || [...started.values()].every(isSettled))) break;
  }
  return [...started.values()];
}

const isSettled = ({ serving, end }: Started): boolean => serving !== undefined || end !== undefined;

/** What goes wrong elsewhere in the meantime is news, too. */
function isNews(event: ObservedEvent, started: ReadonlyMap<string, Started>): boolean {
  if (TROUBLE.has(event.kind)) return true;
  return 'step' in event && typeof event.step === 'string' && started.has(event.step);
}

const TROUBLE: ReadonlySet<ObservedEvent['kind']> = new Set([
  'waiting',
  'step-ended',
  'unregistered',
  'registered-again',
  'stalled',
  'answers-again',
  'warning',
  'draining',
]);

/** What it was before it was started again counts no more. */
function note(event: ObservedEvent, started: Map<string, Started>): void {
  if (event.kind === 'step-started') started.set(event.step, { name: event.step });
  else if (event.kind === 'step-serving' || event.kind === 'service-ready')
    started.set(event.step, { name: event.step, serving: event });
  else if (event.kind === 'step-ended' && started.has(event.step)) {
    started.set(event.step, { name: event.step, end: event });
  }
}

/** Says what became of the steps; the exit code. */
export function reportStarted(
  session: Steered,
  started: readonly Started[],
  { wait = true, json = false }: Waiting,
  world: World,
): number {
  const ended = started.flatMap(({ end }) => end ?? []);
  if (json) world.out.write(`${JSON.stringify(startedJson(session, started))}\n`);
  else for (const end of ended) world.err.write(endedText(session, end));
  if (ended.length > 0) return EXIT.jobFailed;
  const open = started.filter((one) => !isSettled(one)).map(({ name }) => name);
  if (open.length === 0) return EXIT.ok;
  if (!json && wait) {
    world.err.write(`\nnot waiting any more; ${open.join(', ')} may come yet: see \`dyn-slurm workers\`\n`);
  }
  return world.signal.aborted ? EXIT.interrupted : EXIT.ok;
}

/** How a step ended by itself, where to read on, and what to do. */
export function endedText({ run }: Steered, end: StepEnd): string {
  const { step, node, line } = end;
  const advice = adviceFor(end);
  const details: readonly (readonly [string, string | undefined])[] = [
    ['last line', line],
    ['log', node && join(run.dir, 'logs', `${step}.${shortName(node)}.log`)],
    ['read it', `dyn-slurm logs ${run.id} ${step}`],
    ['next', advice],
  ];
  const lines = details.flatMap(([name, value]) => (value ? [`  ${name.padEnd(11)}${value}`] : []));
  return [end.reason, ...lines].map((text) => `${plainText(text)}\n`).join('');
}

function startedJson({ run }: Steered, started: readonly Started[]): object {
  return {
    run: run.id,
    workers: started.map(({ name, serving, end }) => {
      const { time: _, kind: __, step: ___, role: ____, ...how } = end ?? {};
      return {
        worker: name,
        state: end ? 'ended' : serving ? 'serving' : 'starting',
        ...(serving?.kind === 'step-serving' && { seconds: serving.seconds }),
        ...how,
      };
    }),
  };
}
