import { DynSlurmError } from '../errors.ts';
import type { Host } from '../host/host.ts';
import { type Allocated, allocatedCommand, parseAllocated } from './allocated.ts';
import { type JobId, jobNumber } from './job-id.ts';
import { parseAllocation } from './salloc.ts';
import { slurmCommands } from './slurm-command.ts';
import { saysGone, saysUnreachable } from './slurm-parse.ts';
import {
  endStepsCommand,
  hostnamesCommand,
  parseSteps,
  type RunningStep,
  stepsCommand,
} from './step-argv.ts';

/**
 * Runs salloc until the nodes are there.
 * @throws DynSlurmError `rejected` with Slurm's own words, `cancelled` where the allocation was withdrawn while it waited,
 * `connection` where Slurm cannot be asked, `interrupted` on abort.
 */
export async function takeAllocation(
  host: Host,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<JobId> {
  const { run, failure } = slurmCommands(host);
  const result = await run(argv, signal, { env: {} });
  const { job, granted, withdrawn } = parseAllocation(result.stderr);
  if (result.exitCode === 0 && granted && job !== undefined) return job;
  if (withdrawn && job !== undefined) {
    throw new DynSlurmError('cancelled', `job ${jobNumber(job)} was cancelled while it waited for its nodes`);
  }
  if (saysUnreachable(result.stderr)) throw failure(argv, 'salloc received no answer', result, 'connection');
  throw failure(argv, 'salloc refused the allocation', result, 'rejected');
}

/** What a job that runs has. @throws DynSlurmError `connection` */
export async function allocated(host: Host, job: JobId, signal: AbortSignal): Promise<Allocated> {
  const what = "scontrol cannot show the job's resources";
  return parseAllocated(await slurmCommands(host).printed(allocatedCommand(job), signal, what));
}

/** Names of an allocation's nodes, in Slurm's order, which is the plan's. */
export async function hostnames(
  host: Host,
  nodeList: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const what = 'scontrol cannot expand the list of nodes';
  const stdout = await slurmCommands(host).printed(hostnamesCommand(nodeList), signal, what);
  return stdout.split('\n').filter((line) => line !== '');
}

/** None of a job that is gone. */
export async function runningSteps(
  host: Host,
  job: JobId,
  signal: AbortSignal,
): Promise<readonly RunningStep[]> {
  const what = "squeue cannot list the job's steps";
  return parseSteps(await slurmCommands(host).printed(stepsCommand(job), signal, what, saysGone));
}

/** Ends steps of a job, and leaves the job. Those that have ended are no error. @throws DynSlurmError `connection` */
export async function endSteps(
  host: Host,
  job: JobId,
  steps: readonly RunningStep[],
  signal: AbortSignal,
): Promise<void> {
  if (steps.length === 0) return;
  const what = "scancel did not end the session's steps";
  await slurmCommands(host).printed(endStepsCommand(job, steps), signal, what, saysGone);
}

/**
 * Starts a command that outlives this process and its connection; what it prints goes to `log`, which is the user's
 * alone. Only its own later words tell whether it worked.
 */
export async function startDetached(
  host: Host,
  argv: readonly string[],
  log: string,
  signal: AbortSignal,
): Promise<void> {
  const script = 'umask 077; exec </dev/null >>"$0" 2>&1; setsid "$@" &';
  const command = ['bash', '-c', script, log, ...argv];
  const { run, failure } = slurmCommands(host);
  const result = await run(command, signal, { env: {} });
  if (result.exitCode !== 0) throw failure(command, `cannot start ${argv[0]}`, result, 'connection');
}
