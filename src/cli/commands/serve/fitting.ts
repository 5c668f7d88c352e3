import { DynSlurmError } from '../../../errors.ts';
import { modelOf } from '../../../rehearsal/machine/gpus.ts';
import { gpusNeeded, type Smaller, smallerThan } from '../../../rehearsal/machine/smaller.ts';
import { quoteCommand } from '../../../render/shell.ts';
import { type Loaded, loadConfig, printDiagnostics, type ValidJob } from '../../runs/config/load.ts';
import type { World } from '../../world.ts';
import type { ConfigOptions } from '../options.ts';
import type { FreeGpus } from './free-gpus.ts';

/**
 * The jobs of a config, planned for the free GPUs of this machine as its one node; undefined where the config has errors,
 * which are printed. @throws DynSlurmError `preflight` where it needs other or more GPUs, with what would fit
 */
export async function loadFitting(
  file: string,
  options: ConfigOptions,
  here: FreeGpus,
  world: World,
): Promise<readonly [ValidJob, ...ValidJob[]] | undefined> {
  const fitting = withMachine(options, here);
  const loaded = await loadConfig(file, fitting, world);
  const jobs: ValidJob[] = [];
  for (const job of loaded.jobs) {
    const { plan } = job;
    if (plan !== undefined) requireModel(plan.gpus.model, here);
    if (plan !== undefined && fits(job, here)) {
      jobs.push({ ...job, plan });
      continue;
    }
    // On nodes of its own GPU model the config may be right.
    const meant = await loadConfig(file, inVariant(options, job), world);
    const [{ plan: whole }] = meant.jobs;
    const wrong = whole === undefined || meant.diagnostics.some(({ severity }) => severity === 'error');
    if (wrong || whole === undefined) {
      printDiagnostics(meant, world);
      return undefined;
    }
    requireModel(whole.gpus.model, here);
    throw await tooLarge(file, inVariant(options, job), whole, here, world);
  }
  printDiagnostics(loaded, world);
  const [first, ...others] = jobs;
  if (first === undefined || others.length > 0) return first && [first, ...others];
  return [await onItsOwn(file, options, first, here, world)];
}

/** The job on a machine with the GPUs that it uses and no more, so that others may have the rest. */
async function onItsOwn(
  file: string,
  options: ConfigOptions,
  job: ValidJob,
  here: FreeGpus,
  world: World,
): Promise<ValidJob> {
  const needed = gpusNeeded(job.plan);
  if (needed === 0 || needed === here.gpus.length) return job;
  const less = { ...here, gpus: here.gpus.slice(0, needed) };
  const { jobs, diagnostics } = await loadConfig(file, withMachine(inVariant(options, job), less), world);
  const [{ plan, ...again }] = jobs;
  const hasPlace = plan !== undefined && fits({ plan, diagnostics }, less);
  return hasPlace ? { ...again, plan } : job;
}

/** The options with one of the config's variants alone. */
function inVariant(options: ConfigOptions, { variant }: Loaded): ConfigOptions {
  return variant === undefined ? options : { ...options, variant: [variant] };
}

function withMachine(options: ConfigOptions, { gpus, profile }: FreeGpus): ConfigOptions {
  const text = `gpus_per_node: ${Math.max(1, gpus.length)}\ngpu_directive: gpus-per-node\n${profile}`;
  return { ...options, machine: { file: '<this machine>', text } };
}

function fits({ plan, diagnostics }: Pick<Loaded, 'plan' | 'diagnostics'>, { gpus }: FreeGpus): boolean {
  const wrong = plan === undefined || diagnostics.some(({ severity }) => severity === 'error');
  return !wrong && plan.nodes.length === 1 && gpusNeeded(plan) <= gpus.length;
}

/** A plan for other GPUs is not for this machine, even where its engine would start. */
function requireModel(wanted: string, { all }: FreeGpus): void {
  const [first] = all;
  if (wanted === 'any' || first === undefined) return;
  const here = modelOf(first.name);
  if (wanted === here || (here === 'any' && first.name.toLowerCase().includes(wanted))) return;
  throw new DynSlurmError(
    'preflight',
    `the config is for GPUs of the model ${wanted}, and this machine has ${first.name}`,
    { hint: `if it also fits these: --set gpu=${here}` },
  );
}

async function tooLarge(
  file: string,
  options: ConfigOptions,
  plan: ValidJob['plan'],
  here: FreeGpus,
  world: World,
): Promise<DynSlurmError> {
  const { gpus, all, busy } = here;
  const needed = gpusNeeded(plan);
  const nodes = plan.nodes.length > 1 ? ` on ${plan.nodes.length} nodes` : '';
  const free = busy.length === 0 ? '' : ` free, of ${all.length}`;
  const has = `this machine has ${gpus.length}${free} (${all[0]?.name ?? 'no GPU'})`;
  const suggestions = [];
  for (const smaller of smallerThan(plan, gpus.length)) {
    const settings = await settingsThatPlan(file, options, smaller, here, world);
    if (settings) suggestions.push(`  ${smaller.what}:\n    ${commandWith(file, options, settings)}`);
  }
  const taken = busy.map(({ gpu, why }) => `  GPU ${gpu.index} ${why}`);
  const fit = suggestions.length === 0 ? [] : ['what would fit:', ...suggestions];
  return new DynSlurmError(
    'preflight',
    [`the plan needs ${needed} ${needed === 1 ? 'GPU' : 'GPUs'}${nodes}, and ${has}`, ...taken, ...fit].join(
      '\n',
    ),
    suggestions.length === 0 ? { hint: '`dyn-slurm topologies --goal example` lists small ones' } : {},
  );
}

/** The settings with which it fits, without those that make no difference; undefined where it does not. */
async function settingsThatPlan(
  file: string,
  options: ConfigOptions,
  { set, clear }: Smaller,
  here: FreeGpus,
  world: World,
): Promise<readonly string[] | undefined> {
  const tried = async (settings: readonly string[]): Promise<boolean> => {
    const all = { ...options, set: [...(options.set ?? []), ...settings] };
    const { jobs, diagnostics } = await loadConfig(file, withMachine(all, here), world);
    return fits({ ...jobs[0], diagnostics }, here);
  };
  let settings = [...set, ...clear];
  if (!(await tried(settings))) return undefined;
  if (await tried(set)) settings = [...set];
  for (const one of settings.toReversed()) {
    const others = settings.filter((setting) => setting !== one);
    if (await tried(others)) settings = others;
  }
  return settings;
}

function commandWith(
  file: string,
  { set = [], unset = [], variant = [] }: ConfigOptions,
  settings: readonly string[],
) {
  return quoteCommand([
    ...['dyn-slurm', 'serve', file],
    ...variant.flatMap((name) => ['--variant', name]),
    ...unset.flatMap((key) => ['--unset', key]),
    ...[...set, ...settings].flatMap((setting) => ['--set', setting]),
  ]);
}
