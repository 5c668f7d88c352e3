import { count } from '../../../config/text/plural.ts';
import { DynSlurmError } from '../../../errors.ts';
import { gpusNeeded, type Smaller, smallerThan } from '../../../rehearsal/machine/smaller.ts';
import { quoteCommand } from '../../../render/shell.ts';
import { type Loaded, loadConfig, type ValidJob } from '../../runs/config/load.ts';
import type { World } from '../../world.ts';
import type { ConfigOptions } from '../options.ts';
import type { FreeGpus } from './free-gpus.ts';

/** The options of a machine that has as many GPUs as are free. */
export function withMachine(options: ConfigOptions, { gpus, profile }: FreeGpus): ConfigOptions {
  const text = `gpus_per_node: ${Math.max(1, gpus.length)}\ngpu_directive: gpus-per-node\n${profile}`;
  return { ...options, machine: { file: '<this machine>', text } };
}

/** Whether a job runs on the one node that the machine is. */
export function fits(
  { plan, diagnostics }: Pick<Loaded, 'plan' | 'diagnostics'>,
  { gpus }: FreeGpus,
): boolean {
  const wrong = plan === undefined || diagnostics.some(({ severity }) => severity === 'error');
  return !wrong && plan.nodes.length === 1 && gpusNeeded(plan) <= gpus.length;
}

/** Why a plan is refused that needs more than is free, and what would fit. */
export async function tooLarge(
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
    [`the plan needs ${count(needed, 'GPU')}${nodes}, and ${has}`, ...taken, ...fit].join('\n'),
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
