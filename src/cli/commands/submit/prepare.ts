import { createRun, type Run } from '../../../run/folder.ts';
import type { Dependency, SubmitRequest } from '../../../scheduler/scheduler.ts';
import { submitRequest } from '../../../scheduler/slurm-argv.ts';
import type { NamedProfile } from '../../runs/cluster/connect.ts';
import { fitRunsDir, runsDirOf } from '../../runs/cluster/runs-dir.ts';
import type { ValidJob } from '../../runs/config/load.ts';
import { type Exclusion, exclusion } from '../../runs/nodes/ledger.ts';
import { bundleOf } from '../../runs/submit/bundle.ts';
import type { AfterOptions } from '../../runs/submit/dependencies.ts';
import type { World } from '../../world.ts';
import type { ConfigOptions } from '../options.ts';

export interface SubmitOptions extends ConfigOptions, AfterOptions {
  readonly dryRun?: boolean;
  /** With `dryRun`: print every file as well. */
  readonly full?: boolean;
  readonly testOnly?: boolean;
  /** How many further runs, each of which starts if all before it have failed. */
  readonly retries?: number;
  /** For several variants: how many may run at a time. */
  readonly maxJobs?: number;
  readonly watch?: boolean;
  /** What serves on the cluster `local`: mock engines, or the engines and GPUs of this machine. */
  readonly engine?: 'mock' | 'real';
  /** Seconds that the job may wait in the queue while it is watched. */
  readonly pendingLimit?: number;
}

/** A job that is ready to be sent, as a run of its own. */
export interface Prepared {
  readonly job: ValidJob;
  readonly run: Run;
  readonly excluded: Exclusion;
  /** `after`: what the job waits for beside what the command line asks. */
  readonly request: (after?: readonly Dependency[]) => SubmitRequest;
}

/** Makes jobs of one cluster ready. */
export async function prepare<Jobs extends readonly [ValidJob, ...ValidJob[]]>(
  jobs: Jobs,
  options: SubmitOptions,
  world: World,
): Promise<{ readonly [Index in keyof Jobs]: Prepared }> {
  const { cluster } = jobs[0].plan;
  const runsDir = await runsDirAt(cluster, options, world);
  const asked = await after(options, cluster, world);
  const prepared = [];
  for (const job of jobs) {
    const { plan } = job;
    const run = createRun(fitRunsDir(runsDir, plan), plan.name, world.randomHex(3));
    const { files } = await bundleOf(job, plan, world);
    const excluded = await exclusion(plan, world);
    const request = (more: readonly Dependency[] = []) =>
      submitRequest(run, files, [...asked, ...more], excluded.given);
    prepared.push({ job, run, excluded, request });
  }
  return prepared as unknown as { readonly [Index in keyof Jobs]: Prepared };
}

/** What job.json notes of a variant. */
export function variantOf({ variant, changes }: ValidJob) {
  return { ...(variant !== undefined && { variant, changes }) };
}

/** A dry-run contacts nobody: the home of a login node remains `~`. */
async function runsDirAt(cluster: NamedProfile, { dryRun }: SubmitOptions, world: World): Promise<string> {
  const dir = runsDirOf(cluster, world);
  if (dryRun || cluster.host === undefined) return dir;
  const { connect } = await import('../../runs/cluster/connect.ts');
  return connect(cluster, world).host.resolve(dir);
}

async function after(options: AfterOptions, cluster: NamedProfile, world: World) {
  if (!options.after && !options.afterOk) return [];
  const { dependencies } = await import('../../runs/submit/dependencies.ts');
  return dependencies(options, cluster, world);
}
