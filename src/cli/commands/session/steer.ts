import { readSetting, type Settings } from '../../../config/yaml/setting.ts';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import type { HostFile } from '../../../host/host.ts';
import type { SessionStep } from '../../../run/session-state.ts';
import type { LookupOptions } from '../../runs/lookup.ts';
import { changedCommand, type StepChange } from '../../runs/session/change.ts';
import { tell, type Underway } from '../../runs/session/command.ts';
import type { Told, ToldStep } from '../../runs/session/command-text.ts';
import { lookUpSteered, type Steered } from '../../runs/session/lookup.ts';
import { liveSession, stepsNamed } from '../../runs/session/steps.ts';
import type { World } from '../../world.ts';
import { awaitServing, reportStarted } from './started.ts';

export interface SteerOptions extends LookupOptions {
  /** The run, which may also be the first word; the newest that goes on by default. */
  readonly run?: string;
  /** `NAME=VALUE` of the role's args and env, as in a config. */
  readonly arg?: readonly string[];
  readonly env?: readonly string[];
  /** Forget earlier changes first. */
  readonly reset?: boolean;
  /** false: do not wait until it serves. */
  readonly wait?: boolean;
  readonly json?: boolean;
}

/** `dyn-slurm start|stop|restart [RUN] WORKER...`: the run's other workers and frontends go on serving. */
export async function steer(
  verb: 'start' | 'stop' | 'restart',
  words: readonly string[],
  options: SteerOptions,
  world: World,
): Promise<number> {
  const { run, names } = runAndNames(words, options);
  const session = await lookUpSteered(run, options, world);
  const now = await liveSession(session);
  const steps = stepsNamed(names, now.steps);
  const changes = await changesOf(session, steps, options, world);
  if (changes === undefined) return EXIT.config;
  if (!options.json) showChanges(changes, world);
  await writeChanges(session, changes);
  const told: Told = {
    verb,
    steps: steps.map(({ name }): ToldStep => {
      const change = changes.get(name);
      return change === undefined ? { name } : { name, change: change.id };
    }),
  };
  const command = tell(session, told, world);
  return verb === 'stop'
    ? stopped(session, steps, command, options, world)
    : reportStarted(session, await awaitServing(steps, command, options, world), options, world);
}

/** A first word that is no name of a step is that of the run: its id, number or folder. */
function runAndNames(
  words: readonly string[],
  { run }: SteerOptions,
): { readonly run: string | undefined; readonly names: readonly string[] } {
  const [first = '', ...rest] = words;
  if (run === undefined && rest.length > 0 && /\/|^\d+$|-[0-9a-f]{6}$/.test(first))
    return { run: first, names: rest };
  return { run, names: words };
}

/** By name; undefined where the settings are wrong, which is printed. */
async function changesOf(
  session: Steered,
  steps: readonly SessionStep[],
  { arg = [], env = [], reset = false }: SteerOptions,
  world: World,
): Promise<ReadonlyMap<string, StepChange> | undefined> {
  const settings = readSettings(arg, env);
  const changes = new Map<string, StepChange>();
  if (!reset && arg.length === 0 && env.length === 0) return changes;
  for (const step of steps) {
    const change = await changedCommand(session, step, { settings, reset }, world);
    if (change === undefined) return undefined;
    changes.set(step.name, change);
  }
  return changes;
}

function readSettings(arg: readonly string[], env: readonly string[]): Settings {
  const read = (texts: readonly string[], option: string): Settings['args'] =>
    Object.fromEntries(
      texts.map((text) => {
        const { name, value } = readSetting(text);
        if (name !== '' && (option === '--arg' || text.includes('='))) return [name, value];
        throw new DynSlurmError('usage', `${option} ${text}: write NAME=VALUE`);
      }),
    );
  return { args: read(arg, '--arg'), env: read(env, '--env') };
}

/** Workers whose commands change in the same way are named together. */
function showChanges(changes: ReadonlyMap<string, StepChange>, world: World): void {
  const byText = new Map<string, string[]>();
  for (const [name, { difference }] of changes) {
    const text =
      difference.length === 0 ? '  (nothing changes)\n' : difference.map((line) => `  ${line}\n`).join('');
    byText.set(text, [...(byText.get(text) ?? []), name]);
  }
  for (const [text, names] of byText) world.err.write(`${names.join(', ')}\n${text}`);
}

async function writeChanges(
  { run, connection }: Steered,
  changes: ReadonlyMap<string, StepChange>,
): Promise<void> {
  const files = new Map<string, HostFile>([...changes.values()].flatMap((change) => [...change.files]));
  if (files.size > 0) await connection.host.writeFiles(run.dir, files);
}

async function stopped(
  { run }: Steered,
  steps: readonly SessionStep[],
  { id, events }: Underway,
  { json }: SteerOptions,
  world: World,
): Promise<number> {
  const gone: string[] = [];
  for await (const event of events) {
    if (event.kind === 'step-stopped') gone.push(event.step);
    if (event.kind === 'answer' && event.command === id) break;
    if (event.kind === 'verdict') throw new DynSlurmError('jobFailed', `the run has ended: ${event.reason}`);
  }
  if (world.signal.aborted) return EXIT.interrupted;
  const idle = steps.map(({ name }) => name).filter((name) => !gone.includes(name));
  if (json) world.out.write(`${JSON.stringify({ run: run.id, stopped: gone, idle })}\n`);
  if (json) return EXIT.ok;
  for (const name of gone) world.out.write(`${name} stopped\n`);
  for (const name of idle) world.out.write(`${name} did not run\n`);
  return EXIT.ok;
}
