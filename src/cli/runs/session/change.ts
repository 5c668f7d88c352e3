import { join } from 'node:path/posix';
import { NO_SETTINGS, overlayText, type Settings, withoutUndone } from '../../../config/yaml/setting.ts';
import { DynSlurmError } from '../../../errors.ts';
import type { HostFile } from '../../../host/host.ts';
import { planJson } from '../../../plan/json.ts';
import type { Step } from '../../../plan/plan.ts';
import { changedStepFiles, stepDifference } from '../../../render/step-files.ts';
import type { SessionStep } from '../../../run/session-state.ts';
import type { World } from '../../world.ts';
import type { FoundRun } from '../cluster/connect.ts';
import { loadValidSource, type ValidJob } from '../config/load.ts';
import type { Steered } from './lookup.ts';

/** A command that a step is to have from now on. */
export interface StepChange {
  /** Id of the change's folder in commands/changes; `none` for the config's command. */
  readonly id: string;
  /** Against the command that the step has now. */
  readonly difference: readonly string[];
  /** Files of the change, by path in the run folder. */
  readonly files: ReadonlyMap<string, HostFile>;
}

/** changes/ID/change.json: what a step's command was told apart from its config. */
interface NotedChange {
  readonly step: string;
  readonly settings: Settings;
  /** RFC 3339. */
  readonly made: string;
}

const FOLDER = 'commands/changes';

/** The settings that a step runs with, beside its config. */
export async function settingsOf(
  { run, connection }: Steered,
  { change }: Pick<SessionStep, 'change'>,
): Promise<Settings> {
  if (change === undefined) return NO_SETTINGS;
  const text = await connection.host.readText(join(run.dir, FOLDER, change, 'change.json'));
  if (text === undefined) return NO_SETTINGS;
  return (JSON.parse(text) as NotedChange).settings;
}

/**
 * The command of a step with settings laid over its config; prints what is wrong with them, and is undefined then.
 * @throws DynSlurmError `usage` for a step without arguments, `config` where the run's plan cannot be made again.
 */
export async function changedCommand(
  session: Steered,
  step: SessionStep,
  wanted: { readonly settings: Settings; readonly reset: boolean },
  world: World,
): Promise<StepChange | undefined> {
  const owner = step.role ?? (step.kind === 'frontend' ? 'frontend' : undefined);
  if (owner === undefined) {
    throw new DynSlurmError('usage', `${step.name} has no arguments or environment of its own in a config`);
  }
  const earlier = await settingsOf(session, step);
  const own = await jobOf(session, undefined, world);
  await requireSamePlan(session, own);
  const settings = wanted.reset
    ? wanted.settings
    : withoutUndone(earlier, wanted.settings, own?.plan.settings[owner]);
  const before = earlier === NO_SETTINGS ? own : await jobOf(session, overlayText(owner, earlier), world);
  const after = await jobOf(session, overlayText(owner, settings), world);
  if (before === undefined || after === undefined || own === undefined) return undefined;
  const [original, changed] = [stepIn(own, step.name), stepIn(after, step.name)];
  refuseNewSecrets(original, changed);
  const difference = stepDifference(stepIn(before, step.name), changed);
  if (isEmpty(settings)) return { id: 'none', difference, files: new Map() };
  const id = world.randomHex(3);
  const note: NotedChange = { step: step.name, settings, made: world.now().toISOString() };
  const files = changedStepFiles({
    plan: after.plan,
    step: changed,
    original,
    folder: `${FOLDER}/${id}`,
    template: await world.readFile(join(world.packageRoot, 'templates/step.sh.hbs')),
  });
  const noted = { text: `${JSON.stringify(note)}\n`, mode: 0o600 };
  return { id, difference, files: new Map([...files, [`${FOLDER}/${id}/change.json`, noted]]) };
}

const isEmpty = ({ args, env }: Settings): boolean =>
  Object.keys(args).length === 0 && Object.keys(env).length === 0;

/** The run's config, with an overlay of a command line; undefined where that is wrong, which it prints. */
export async function jobOf(
  { run, connection }: FoundRun,
  overlay: string | undefined,
  world: World,
): Promise<ValidJob | undefined> {
  const file = join(run.dir, 'config.yaml');
  const text = await connection.host.readText(file);
  if (text === undefined) throw new DynSlurmError('config', `${file}: there is no such file`);
  const cluster = run.job?.cluster ?? connection.cluster;
  const over = overlay === undefined ? {} : { overlay: { file: 'command line', text: overlay } };
  // Warnings about the config itself were printed when the run began.
  return loadValidSource(
    { config: { file, text }, ...over },
    { cluster },
    world,
    ({ severity, file: where }) => {
      return overlay !== undefined && (severity === 'error' || where === 'command line');
    },
  );
}

function refuseNewSecrets(original: Step, changed: Step): void {
  const added = Object.keys(changed.secrets).find((name) => !(name in original.secrets));
  if (added === undefined) return;
  throw new DynSlurmError('usage', `--env ${added}: secrets cannot be added to a run`, {
    hint: 'add it to the config, and submit or allocate again',
  });
}

function stepIn({ plan }: ValidJob, name: string): Step {
  const step = plan.steps.find((planned) => planned.name === name);
  if (step === undefined) throw new Error(`the plan no longer has ${name}`);
  return step;
}

/** What other steps of the run rely on, ports and places, must not move under them. */
async function requireSamePlan({ run, connection }: Steered, own: ValidJob | undefined): Promise<void> {
  const noted = await connection.host.readText(join(run.dir, 'plan.json'));
  const again = own && `${JSON.stringify(planJson(own.plan), null, 2)}\n`;
  if (again === noted) return;
  throw new DynSlurmError(
    'config',
    'the config of this run now results in a different plan: the cluster profile or dyn-slurm itself has changed since',
    { hint: 'restart steps unchanged, without --arg and --env; or submit or allocate again' },
  );
}
