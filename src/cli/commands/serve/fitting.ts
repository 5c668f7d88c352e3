import { DynSlurmError } from '../../../errors.ts';
import { modelOf } from '../../../rehearsal/machine/gpus.ts';
import { gpusNeeded } from '../../../rehearsal/machine/smaller.ts';
import { type Loaded, loadConfig, printDiagnostics, type ValidJob } from '../../runs/config/load.ts';
import type { World } from '../../world.ts';
import type { ConfigOptions } from '../options.ts';
import type { FreeGpus } from './free-gpus.ts';
import { fits, tooLarge, withMachine } from './what-fits.ts';

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
  const [first, ...others] = jobs;
  const single = first && others.length === 0 ? await onItsOwn(file, options, first, here, world) : undefined;
  printDiagnostics(single ?? loaded, world);
  return single ? [single] : first && [first, ...others];
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
