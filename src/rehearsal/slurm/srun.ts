import { basename } from 'node:path';
import { type Call, type Environment, Refusal } from './call.ts';
import { SRUN } from './job-options.ts';
import { isFinished, type JobRecord, type StepRecord } from './job-record.ts';
import type { Options } from './job-request.ts';
import { readJob, writeStep } from './job-store.ts';
import { identify, STEP_MARK } from './process-table.ts';
import { readOptions } from './program-options.ts';
import { layOutStep, type StepLayout } from './step-layout.ts';
import { StepRun } from './step-run.ts';
import { startTasks } from './step-start.ts';
import { claimNodes } from './step-wait.ts';
import { stepWish } from './step-wish.ts';

/** Runs a step in a job: one process a task, until all have ended. */
export async function srun(call: Call): Promise<number> {
  const { options, operands: argv } = readOptions(call, SRUN, 255);
  if (argv.length === 0) throw new Refusal('srun: fatal: No command given to execute.');
  const say = (message: string): void => void call.err.write(`srun: ${message}\n`);
  const killOnBadExit = badExitOption(options.get('kill-on-bad-exit'), call.env);
  const job = theJob(call, options);
  const layout = layOutStep(stepWish(options, call.env), job);
  for (const warning of layout.warnings) say(warning);
  if ('refusal' in layout) throw new Refusal(`srun: ${layout.refusal}`);

  const quiet = options.has('quiet');
  const immediate = options.get('immediate');
  const step = await claimNodes(
    call.site,
    job.id,
    stepRecord(call, options, argv, layout),
    immediate === undefined ? undefined : Number(immediate || 1) * 1000,
    (message) => !quiet && say(message),
  );
  let code = 1;
  let record = step;
  try {
    const tasks = await startTasks(call, options, argv, job, step, layout);
    record = { ...step, processes: tasks.flatMap((task) => task.process ?? []) };
    writeStep(call.site, job.id, record);
    const run = new StepRun(call, job, step, tasks, {
      killOnBadExit,
      quiet,
      wait: Number(options.get('wait') ?? 0),
    });
    code = await run.run();
  } finally {
    writeStep(call.site, job.id, { ...record, ended: Date.now(), exitCode: code });
  }
  return code;
}

function theJob(call: Call, options: Options): JobRecord {
  const text = options.get('jobid') ?? call.env.SLURM_JOB_ID ?? call.env.SLURM_JOBID;
  if (text === undefined) {
    throw new Refusal('srun: error: this stand-in for Slurm runs srun in a job only: use sbatch or salloc');
  }
  const job = readJob(call.site, Number(text));
  const check = `srun: Check SLURM_JOB_ID environment variable. Expired or invalid job ${text}`;
  if (!job) {
    throw new Refusal(
      `srun: error: Unable to confirm allocation for job ${text}: Invalid job id specified\n${check}`,
    );
  }
  if (isFinished(job)) throw new Refusal(`srun: error: Slurm job ${text} has expired\n${check}`);
  if (job.state === 'PENDING') throw new Refusal(`srun: error: Job ${text} is pending execution`);
  return job;
}

function stepRecord(
  { env }: Call,
  options: Options,
  argv: readonly string[],
  layout: StepLayout,
): Omit<StepRecord, 'step' | 'waiting'> {
  const own = identify(process.pid);
  const within = env[STEP_MARK];
  if (!own) throw new Error('a running process is in /proc');
  return {
    name: options.get('job-name') ?? basename(argv[0] ?? ''),
    nodes: layout.nodes,
    tasks: layout.places.length,
    overlap: options.has('overlap'),
    exact: options.has('exact') || options.has('cpus-per-task'),
    srun: own,
    ...(within !== undefined && /^\d+$/.test(within) && { within: Number(within) }),
    processes: [],
    started: Date.now(),
    container: Object.fromEntries([...options].filter(([name]) => /^(no-)?container-/.test(name))),
    argv,
  };
}

/** `-K`, `-K1`, `-K0`. */
function badExitOption(option: string | undefined, env: Environment): boolean {
  const text = option ?? env.SLURM_KILL_BAD_EXIT ?? '0';
  if (!/^\d*$/.test(text)) {
    throw new Refusal(`srun: error: Invalid numeric value "${text}" for --kill-on-bad-exit.`);
  }
  return text !== '0';
}
