import { DynSlurmError } from '../errors.ts';
import { commandError } from '../host/command-error.ts';
import type { CommandResult, Host } from '../host/host.ts';
import { type Allocated, allocatedCommand, parseAllocated } from './allocated.ts';
import { type JobId, jobNumber } from './job-id.ts';
import { refusalHint } from './refusal.ts';
import { parseAllocation } from './salloc-parse.ts';
import { saysGone, saysUnreachable } from './slurm-parse.ts';
import {
  endStepsCommand,
  hostnamesCommand,
  parseSteps,
  type RunningStep,
  stepsCommand,
} from './step-argv.ts';

/** Milliseconds: the most that a timer takes, 24 days. salloc waits for as long as the queue is. */
const WAIT = 2_147_483_000;
const TIMEOUT = 40_000;

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
  const result = await host.exec(argv, { timeout: WAIT, signal });
  const { stderr, exitCode } = result;
  const { job, granted, withdrawn } = parseAllocation(stderr);
  if (exitCode === 0 && granted && job !== undefined) return job;
  if (withdrawn && job !== undefined) {
    throw new DynSlurmError('cancelled', `job ${jobNumber(job)} was cancelled while it waited for its nodes`);
  }
  const unreachable = saysUnreachable(stderr);
  const what = unreachable ? 'salloc got no answer' : 'salloc refused the allocation';
  const hint = unreachable ? undefined : refusalHint(stderr);
  throw failure(host, argv, what, result, unreachable ? 'connection' : 'rejected', hint);
}

/** What a job that runs has. @throws DynSlurmError `connection` */
export async function allocated(host: Host, job: JobId, signal: AbortSignal): Promise<Allocated> {
  const argv = allocatedCommand(job);
  const result = await host.exec(argv, { timeout: TIMEOUT, signal });
  if (result.exitCode !== 0) throw failure(host, argv, 'scontrol cannot say what the job has', result);
  return parseAllocated(result.stdout);
}

/** Names of an allocation's nodes, in Slurm's order, which is the plan's. */
export async function hostnames(
  host: Host,
  nodeList: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const argv = hostnamesCommand(nodeList);
  const result = await host.exec(argv, { timeout: TIMEOUT, signal });
  if (result.exitCode !== 0) throw failure(host, argv, 'scontrol cannot expand the list of nodes', result);
  return result.stdout.split('\n').filter((line) => line !== '');
}

/** None of a job that is gone. */
export async function runningSteps(
  host: Host,
  job: JobId,
  signal: AbortSignal,
): Promise<readonly RunningStep[]> {
  const argv = stepsCommand(job);
  const result = await host.exec(argv, { timeout: TIMEOUT, signal });
  if (result.exitCode === 0 || saysGone(result.stderr)) return parseSteps(result.stdout);
  throw failure(host, argv, 'squeue cannot say what the job runs', result);
}

/** Ends steps of a job, and leaves the job. Those that have ended are no error. @throws DynSlurmError `connection` */
export async function endSteps(
  host: Host,
  job: JobId,
  steps: readonly RunningStep[],
  signal: AbortSignal,
): Promise<void> {
  if (steps.length === 0) return;
  const argv = endStepsCommand(job, steps);
  const result = await host.exec(argv, { timeout: TIMEOUT, signal });
  if (result.exitCode !== 0 && !saysGone(result.stderr))
    throw failure(host, argv, "scancel did not end the session's steps", result);
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
  const result = await host.exec(command, { timeout: TIMEOUT, signal });
  if (result.exitCode !== 0) throw failure(host, command, `cannot start ${argv[0]}`, result);
}

function failure(
  { name }: Host,
  argv: readonly string[],
  what: string,
  result: CommandResult,
  code: 'connection' | 'rejected' = 'connection',
  hint?: string,
): DynSlurmError {
  const how = `exit ${result.exitCode}`;
  return commandError(
    { ...result, what, how, argv, host: name, wordsFirst: code === 'rejected' },
    code,
    hint === undefined ? {} : { hint },
  );
}
