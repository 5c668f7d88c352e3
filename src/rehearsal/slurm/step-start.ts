import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Call, Environment } from './call.ts';
import { loginEnvironment, stepBase } from './exported-environment.ts';
import { injectFaults } from './fault-injection.ts';
import type { FilenameFields } from './filename.ts';
import { taskEnvironment } from './job-environment.ts';
import type { JobRecord, StepRecord } from './job-record.ts';
import type { Options } from './job-request.ts';
import { jobDir } from './job-store.ts';
import { makePipes } from './pipes.ts';
import { feedTasks, isFed } from './step-input.ts';
import type { StepLayout } from './step-layout.ts';
import { openStepOutput, TaskFileError, type TaskSinks, writeLine } from './step-output.ts';
import { startTask, type Task } from './task.ts';

/** Starts a step's tasks; those whose output cannot be opened are left out, as by Slurm. */
export async function startTasks(
  call: Call,
  options: Options,
  argv: readonly string[],
  job: JobRecord,
  step: StepRecord,
  { places }: StepLayout,
): Promise<readonly Task[]> {
  const jobName = options.get('job-name');
  const fieldsOf = (task: number): FilenameFields => {
    const place = places[task];
    const host = job.hosts[place?.host ?? 0] ?? '';
    return {
      job: job.id,
      step: String(step.step),
      name: job.name,
      user: job.user,
      host,
      node: place?.node ?? 0,
      task,
    };
  };
  const sinksOf = openStepOutput(call, options, places.length, fieldsOf);
  const base: Environment = {
    ...stepBase(call.env, options.get('export')),
    ...(jobName !== undefined && { SLURM_JOB_NAME: jobName }),
  };
  const wantsTerminal = options.has('pty');
  const terminal = wantsTerminal && call.inputIsTerminal && places.length === 1;
  if (wantsTerminal && !call.inputIsTerminal) {
    call.err.write('srun: error: ioctl(TIOCGWINSZ): Inappropriate ioctl for device\n');
    call.err.write('srun: error: Not using a pseudo-terminal, disregarding --pty option\n');
  }
  const wantedDir = resolve(call.cwd, options.get('chdir') ?? '.');
  const cwd = statSync(wantedDir, { throwIfNoEntry: false })?.isDirectory() ? wantedDir : '/tmp';

  const faults = injectFaults(call, job, step, places);
  const tasks = places.flatMap((place) => {
    const host = job.hosts[place.host] ?? '';
    const sinks = orNothing(call, place.task, () => sinksOf(place.task));
    if (!sinks) return [];
    if (cwd !== wantedDir) {
      const why = `couldn't chdir to \`${wantedDir}': No such file or directory: going to /tmp instead`;
      writeLine(sinks.err, `slurmstepd-${host}: error: ${why}`);
    }
    const own = {
      ...taskEnvironment(base, job, step, places, place, call.site),
      ...loginEnvironment(argv, call.site),
    };
    const prepared = faults.prepare(place.task, argv, own);
    const wanted = {
      in: isFed(options.get('input'), place.task),
      out: sinks.out.kind === 'lines',
      err: sinks.err.kind === 'lines',
    };
    const pipes = terminal ? {} : makePipes(jobDir(call.site, job.id), wanted);
    return startTask({ place, host, cwd, sinks, terminal, pipes, ...prepared });
  });
  for (const task of tasks) faults.watch(task);
  feedTasks(call, options.get('input'), tasks, fieldsOf);
  return tasks;
}

/** Measured on Slurm 22.05: such a task does not run, and srun exits with 0. */
function orNothing(call: Call, task: number, open: () => TaskSinks): TaskSinks | undefined {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof TaskFileError)) throw error;
    call.err.write(`srun: error: task ${task} launch failed: Slurmd could not connect IO\n`);
    return undefined;
  }
}
