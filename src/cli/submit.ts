import { EXIT } from '../errors.ts';
import { createRun } from '../observe/run.ts';
import { planJob } from '../plan/assemble.ts';
import { type JobId, jobNumber } from '../scheduler/job-id.ts';
import { submitRequest } from '../scheduler/request.ts';
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
  const [{ connect }, { sendJob }] = await Promise.all([import('./connect.ts'), import('./send.ts')]);
  const connection = connect(job.site, world);
  const { jobId, run: sent } = await sendJob(request, run, plan, connection, world);
  const submitted = { run: run.id, jobId, cluster: connection.cluster, dir: run.dir };
  if (!(options.watch && options.json)) world.out.write(answer(submitted, options));
  if (!options.watch) return EXIT.ok;
  const { showRun } = await import('./watch.ts');
  return showRun(sent, connection, options, world);
}

/** What `submit --json` prints. */
interface Submitted {
  readonly run: string;
  readonly jobId: JobId;
  readonly cluster: string;
  /** Absolute. */
  readonly dir: string;
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
  return [
    `submitted ${run} as job ${jobNumber(jobId)} on cluster ${cluster}`,
    `  folder  ${dir}`,
    ...next,
    '',
  ].join('\n');
}
