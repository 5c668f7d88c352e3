import type { Job } from '../config/job.ts';
import { DynSlurmError, EXIT } from '../errors.ts';
import { createRun, type Run, recordJob } from '../observe/run.ts';
import { planJob } from '../plan/assemble.ts';
import type { Plan } from '../plan/plan.ts';
import type { JobId } from '../scheduler/job-id.ts';
import { submitRequest } from '../scheduler/request.ts';
import type { SubmitRequest } from '../scheduler/scheduler.ts';
import { bundleOf } from './bundle.ts';
import { dryRunJson, dryRunText } from './dry-run.ts';
import { type LoadOptions, loadValidJob } from './load.ts';
import { runsDirOf } from './runs-dir.ts';
import type { World } from './world.ts';

export interface SubmitOptions extends LoadOptions {
  readonly dryRun?: boolean;
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** Submits a job, or prints what would be sent: both have the same request. */
export async function submit(file: string, options: SubmitOptions, world: World): Promise<number> {
  const loaded = await loadValidJob(file, options, world);
  if (loaded === undefined) return EXIT.config;
  const { job } = loaded;
  const plan = planJob(job);
  const run = createRun(runsDirOf(job.site, world), job.name, world.randomHex(3));
  const { files } = await bundleOf(loaded, plan, world);
  const request = submitRequest(run, files);
  if (options.dryRun) {
    const dryRun = { request, plan, job };
    world.out.write(options.json ? `${JSON.stringify(dryRunJson(dryRun), null, 2)}\n` : dryRunText(dryRun));
    return EXIT.ok;
  }
  const submitted = await send(request, run, plan, job, world);
  if (!(options.watch && options.json)) world.out.write(answer(submitted, options));
  if (!options.watch) return EXIT.ok;
  const { watch } = await import('./watch.ts');
  return watch(run.dir, options, world);
}

/** What `submit --json` prints. */
interface Submitted {
  readonly run: string;
  readonly jobId: JobId;
  readonly cluster: string;
  /** Absolute. */
  readonly dir: string;
}

async function send(
  request: SubmitRequest,
  run: Run,
  plan: Plan,
  job: Job,
  world: World,
): Promise<Submitted> {
  const [{ connect }, { readSecrets }] = await Promise.all([import('./connect.ts'), import('./secrets.ts')]);
  const { host, scheduler, cluster } = connect(job.site, world);
  const secrets = await readSecrets(plan, world);
  try {
    const jobId = await scheduler.submit(request, world.signal, secrets);
    await recordJob(host, run, { jobId, cluster, submitted: world.now().toISOString() });
    return { run: run.id, jobId, cluster, dir: run.dir };
  } catch (error) {
    // Otherwise the job may be in the queue, and the folder has to stay for it.
    if (isWithoutSlurm(error) || (error instanceof DynSlurmError && error.code === 'rejected')) {
      await world.remove(run.dir);
    }
    throw isWithoutSlurm(error) ? withoutSlurm(error) : error;
  }
}

function isWithoutSlurm(error: unknown): error is DynSlurmError {
  if (!(error instanceof DynSlurmError) || error.code !== 'connection') return false;
  return (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

function withoutSlurm(cause: DynSlurmError): DynSlurmError {
  return new DynSlurmError('preflight', 'there is no Slurm here: sbatch is not on PATH', {
    hint: 'run this on a login node, or name the folder of sbatch as slurm_bin in the cluster profile; `--cluster local` and `dyn-slurm rehearse` run the job on this machine, without Slurm and GPUs',
    cause,
  });
}

function answer(submitted: Submitted, { json, watch }: SubmitOptions): string {
  if (json) return `${JSON.stringify(submitted)}\n`;
  const { run, jobId, cluster, dir } = submitted;
  const next = watch
    ? []
    : [
        `  watch   dyn-slurm watch ${run}`,
        `  logs    dyn-slurm logs -f ${run}`,
        `  cancel  dyn-slurm cancel ${run}`,
      ];
  return [`submitted ${run} as job ${jobId} on cluster ${cluster}`, `  folder  ${dir}`, ...next, ''].join(
    '\n',
  );
}
