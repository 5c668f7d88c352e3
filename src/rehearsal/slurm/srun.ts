import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { type Call, Refusal } from './call.ts';
import { injectFaults } from './fault-injection.ts';
import { type JobRecord, nodeName, type ProcessId, type StepRecord } from './job-record.ts';
import { claimStep, writeStep } from './job-store.ts';
import { inContainer } from './node-container.ts';
import {
  exportedEnvironment,
  loginEnvironment,
  type TaskPlace,
  taskEnvironment,
} from './node-environment.ts';
import { type Options, readOptions } from './options.ts';
import { askToEnd, identify, killAll, processesOf, STEP_MARK, sendSignal } from './process-table.ts';
import { describeEnd, exitCode, type ProcessEnd } from './signals.ts';
import { jobMark } from './state-dir.ts';
import { type StepRequest, stepJob, stepRequest } from './step-request.ts';

/** Runs a step in a job, with one task on each of its nodes, until all have ended. */
export async function srun(call: Call): Promise<number> {
  const { options, operands: argv } = readOptions(call.args);
  if (argv.length === 0) throw new Refusal('srun: fatal: No command given to execute.');
  const job = stepJob(call, options);
  const request = stepRequest(options, job, call.cwd);
  const within = call.env[STEP_MARK];
  let record: StepRecord = {
    step: claimStep(call.standIn, job.id),
    name: request.name,
    srun: identify(process.pid) ?? { pid: process.pid, start: '' },
    ...(within !== undefined && within !== 'batch' && { within: Number(within) }),
    processes: [],
  };
  writeStep(call.standIn, job.id, record);
  try {
    const tasks = request.places.map((place) => startTask(call, request, options, argv, job, record, place));
    record = { ...record, processes: tasks.flatMap((task) => task.process ?? []) };
    writeStep(call.standIn, job.id, record);
    const processes = () => processesOf(jobMark(call.standIn.dir, job.id), String(record.step));
    return await awaitTasks(call, request, tasks, processes);
  } finally {
    writeStep(call.standIn, job.id, { ...record, ended: Date.now() });
  }
}

/** One process of a step. */
interface Task {
  readonly place: TaskPlace;
  /** Absent where it could not be started. */
  readonly process: ProcessId | undefined;
  readonly ended: Promise<ProcessEnd>;
}

/** Without a file for its output, a task writes where srun does, which then need not pass anything on. */
function startTask(
  call: Call,
  { places, cwd, exported, fed, terminal, output }: StepRequest,
  options: Options,
  argv: readonly string[],
  job: JobRecord,
  step: StepRecord,
  place: TaskPlace,
): Task {
  const faults = injectFaults(call, job, step, place);
  const base = exportedEnvironment(call.env, exported);
  const env = taskEnvironment(base, job, step, places.length, place, call.standIn);
  const [program = '', ...args] = [...faults.prefix, ...inContainer(argv, options, env, cwd)];
  const file = output && openSync(output(place), 'a');
  const child = spawn(program, args, {
    cwd,
    // A session of its own, as under slurmstepd; but `srun --pty` leaves its terminal to the task.
    detached: !terminal,
    env: {
      ...env,
      ...loginEnvironment(argv, job, call.standIn),
      ...(faults.path.length > 0 && { PATH: [...faults.path, env.PATH].join(':') }),
    },
    stdio: [fed ? 'inherit' : 'ignore', file ?? 'inherit', file ?? 'inherit'],
  });
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code: code ?? 0, signal }));
    child.once('error', ({ message }) => {
      writeSync(file ?? 2, `slurmstepd-${nodeName(place.node)}: error: execve(): ${message}\n`);
      resolve({ code: 2, signal: null });
    });
  });
  if (file !== undefined) void ended.then(() => closeSync(file));
  const started = child.pid === undefined ? undefined : identify(child.pid);
  faults.strike(started);
  return { place, process: started, ended };
}

/** Waits until all tasks have ended and nothing of the step is left. Gives srun's exit code, the highest of the tasks'. */
async function awaitTasks(
  call: Call,
  { killOnBadExit, terminal }: StepRequest,
  tasks: readonly Task[],
  processes: () => readonly ProcessId[],
): Promise<number> {
  const running = new Set(tasks);
  const told = () => [...running].flatMap((task) => task.process ?? []);
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
    call.onSignal(signal, () => sendSignal(told(), signal));
  }
  // Measured on Slurm 22.05: to the tasks these are no request but SIGKILL. A terminal's Ctrl-C is the task's own.
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGINT'] as const) {
    call.onSignal(signal, () => {
      if (signal !== 'SIGINT' || !terminal) void killAll(processes);
    });
  }
  let isEnding = false;
  const endOthers = async (): Promise<void> => {
    if (isEnding) return;
    isEnding = true;
    await askToEnd(told, call.standIn.killWait);
    await killAll(processes);
  };
  const codes = tasks.map(async (task) => {
    const end = await task.ended;
    running.delete(task);
    const code = exitCode(end);
    if (code === 0) return code;
    call.err.write(
      `srun: error: ${nodeName(task.place.node)}: task ${task.place.task}: ${describeEnd(end)}\n`,
    );
    if (killOnBadExit) void endOthers();
    return code;
  });
  const code = Math.max(...(await Promise.all(codes)));
  await killAll(processes);
  return code;
}
