import { readSetting, type Settings } from '../../../config/yaml/setting.ts';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import type { HostFile } from '../../../host/host.ts';
import type { EventOf, ObservedEvent } from '../../../run/events.ts';
import type { SessionStep } from '../../../run/session-state.ts';
import { changedCommand, type StepChange } from '../../runs/session/change.ts';
import { tell, type Underway } from '../../runs/session/command.ts';
import type { ToldStep } from '../../runs/session/command-text.ts';
import { lookUpSteered, type Steered } from '../../runs/session/lookup.ts';
import { liveSession, stepsNamed } from '../../runs/session/steps.ts';
import { jsonLine } from '../../sink.ts';
import { eventText } from '../../views/event-text.ts';
import { writeLine } from '../../views/screen.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';
import { endedText } from './hints.ts';

export interface SteerOptions extends RunOptions {
  /** The run, which may also be the first word; the newest that goes on by default. */
  readonly run?: string;
  /** `NAME=VALUE` of the role's args and env, as in a config. */
  readonly arg?: readonly string[];
  readonly env?: readonly string[];
  /** Forget earlier changes first. */
  readonly reset?: boolean;
  /** false: do not wait until it serves. */
  readonly wait?: boolean;
}

/** `dyn-slurm start|stop|restart [RUN] WORKER...`: the run's other workers and frontends go on serving. */
export const start = steer.bind(undefined, 'start');
export const stop = steer.bind(undefined, 'stop');
export const restart = steer.bind(undefined, 'restart');

async function steer(
  verb: 'start' | 'stop' | 'restart',
  words: readonly string[],
  options: SteerOptions,
  world: World,
): Promise<number> {
  const [run, names] = runAndNames(words, options.run);
  const steered = await lookUpSteered(run, options, world);
  const steps = stepsNamed(names, (await liveSession(steered)).steps);
  const changes = await changesOf(steered, steps, options, world);
  if (changes === undefined) return EXIT.config;
  if (!options.json) world.err.write(changesText(changes));
  const files = new Map<string, HostFile>([...changes.values()].flatMap((change) => [...change.files]));
  if (files.size > 0) await steered.connection.host.writeFiles(steered.run.dir, files);
  const told = steps.map(({ name }): ToldStep => {
    const change = changes.get(name);
    return change === undefined ? { name } : { name, change: change.id };
  });
  const command = tell(steered, { verb, steps: told }, world);
  const outcomes = await outcomesOf(verb, steps, command, options, world);
  return verb === 'stop'
    ? reportStopped(steered, outcomes, options, world)
    : reportStarted(steered, outcomes, options, world);
}

/** A first word that is no name of a step is that of the run: its id, number or folder. */
function runAndNames(
  words: readonly string[],
  run: string | undefined,
): readonly [run: string | undefined, names: readonly string[]] {
  const [first = '', ...rest] = words;
  const named = run === undefined && rest.length > 0 && /\/|^\d+$|-[0-9a-f]{6}$/.test(first);
  return named ? [first, rest] : [run, words];
}

/** By name; undefined where the settings are wrong, which is printed. */
async function changesOf(
  steered: Steered,
  steps: readonly SessionStep[],
  { arg = [], env = [], reset = false }: SteerOptions,
  world: World,
): Promise<ReadonlyMap<string, StepChange> | undefined> {
  const settings = { args: readSettings(arg, '--arg'), env: readSettings(env, '--env') };
  const changes = new Map<string, StepChange>();
  if (!reset && arg.length === 0 && env.length === 0) return changes;
  for (const step of steps) {
    const change = await changedCommand(steered, step, { settings, reset }, world);
    if (change === undefined) return undefined;
    changes.set(step.name, change);
  }
  return changes;
}

function readSettings(texts: readonly string[], option: '--arg' | '--env'): Settings['args'] {
  const settings = texts.map((text) => {
    const { name, value } = readSetting(text);
    if (name !== '' && (option === '--arg' || text.includes('='))) return [name, value];
    throw new DynSlurmError('usage', `${option} ${text}: write NAME=VALUE`);
  });
  return Object.fromEntries(settings);
}

/** Workers whose commands change in the same way are named together. */
function changesText(changes: ReadonlyMap<string, StepChange>): string {
  const byText = new Map<string, string[]>();
  for (const [name, { difference }] of changes) {
    const lines = difference.length === 0 ? ['(no changes)'] : difference;
    const text = lines.map((line) => `  ${line}\n`).join('');
    byText.set(text, [...(byText.get(text) ?? []), name]);
  }
  return [...byText].map(([text, names]) => `${names.join(', ')}\n${text}`).join('');
}

/** What became of a step that a command was about. */
interface Outcome {
  readonly name: string;
  /** `step-serving` of a worker, `service-ready` of a frontend or nginx. */
  readonly serving?: EventOf<'step-serving'> | EventOf<'service-ready'>;
  readonly end?: EventOf<'step-ended'>;
  /** It was told to end, and has. */
  readonly stopped?: true;
}

const isSettled = ({ serving, end }: Outcome): boolean => serving !== undefined || end !== undefined;

/**
 * Waits until the command is answered, and each step that it starts serves, or has ended by itself; shows how it goes.
 * @throws DynSlurmError `jobFailed` where the run ends.
 */
async function outcomesOf(
  verb: string,
  steps: readonly SessionStep[],
  { id, events }: Underway,
  { wait = true, json = false }: SteerOptions,
  world: World,
): Promise<readonly Outcome[]> {
  const outcomes = new Map<string, Outcome>(steps.map(({ name }) => [name, { name }]));
  const waits = wait && verb !== 'stop';
  let answered = false;
  for await (const event of events) {
    if (event.kind === 'verdict') {
      throw new DynSlurmError('jobFailed', `the run has ended: ${event.reason}`);
    }
    if (event.kind === 'answer' && event.command === id) answered = true;
    const own = 'step' in event && typeof event.step === 'string' && outcomes.has(event.step);
    const next = own ? outcomeAfter(event) : undefined;
    if (next) outcomes.set(next.name, next);
    // What goes wrong elsewhere in the meantime is news, too.
    if (verb !== 'stop' && !json && (own || event.kind === 'waiting' || TROUBLE.has(event.kind))) {
      writeLine(eventText(event), new Date(event.time), { out: world.err });
    }
    if (answered && (!waits || [...outcomes.values()].every(isSettled))) break;
  }
  return [...outcomes.values()];
}

/** What goes wrong, or is well again, and concerns whoever works with a run. */
export const TROUBLE: ReadonlySet<ObservedEvent['kind']> = new Set([
  'step-ended',
  'unregistered',
  'registered-again',
  'stalled',
  'hung',
  'answers-again',
  'warning',
  'draining',
]);

/** What a step was before it was started again counts no more. */
function outcomeAfter(event: ObservedEvent): Outcome | undefined {
  switch (event.kind) {
    case 'step-started':
      return { name: event.step };
    case 'step-serving':
    case 'service-ready':
      return { name: event.step, serving: event };
    case 'step-ended':
      return { name: event.step, end: event };
    case 'step-stopped':
      return { name: event.step, stopped: true };
    default:
      return undefined;
  }
}

/** Says what became of the steps; the exit code. */
function reportStarted(
  { run }: Steered,
  outcomes: readonly Outcome[],
  { wait = true, json = false }: SteerOptions,
  world: World,
): number {
  const ended = outcomes.flatMap(({ end }) => end ?? []);
  if (json) world.out.write(jsonLine({ run: run.id, workers: outcomes.map(workerJson) }));
  else for (const end of ended) world.err.write(endedText(run, end));
  if (ended.length > 0) return EXIT.jobFailed;
  const open = outcomes.filter((one) => !isSettled(one)).map(({ name }) => name);
  if (open.length === 0) return EXIT.ok;
  if (!json && wait) {
    world.err.write(
      `\nstopped waiting; ${open.join(', ')} may still become ready: see \`dyn-slurm workers\`\n`,
    );
  }
  return world.signal.aborted ? EXIT.interrupted : EXIT.ok;
}

function workerJson({ name, serving, end }: Outcome): object {
  const { time: _, kind: __, step: ___, role: ____, ...how } = end ?? {};
  return {
    worker: name,
    state: end ? 'ended' : serving ? 'serving' : 'starting',
    ...(serving?.kind === 'step-serving' && { seconds: serving.seconds }),
    ...how,
  };
}

function reportStopped(
  { run }: Steered,
  outcomes: readonly Outcome[],
  { json }: SteerOptions,
  { signal, out }: World,
): number {
  if (signal.aborted) return EXIT.interrupted;
  const named = (was: boolean) =>
    outcomes.filter(({ stopped = false }) => stopped === was).map(({ name }) => name);
  const [gone, idle] = [named(true), named(false)];
  if (json) out.write(jsonLine({ run: run.id, stopped: gone, idle }));
  else {
    for (const name of gone) out.write(`${name} stopped\n`);
    for (const name of idle) out.write(`${name} was not running\n`);
  }
  return EXIT.ok;
}
