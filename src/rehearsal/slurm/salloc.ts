import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { callingAccount } from './account.ts';
import { type Call, Refusal } from './call.ts';
import { exportedEnvironment } from './exported-environment.ts';
import { jobEnvironment } from './job-environment.ts';
import { SALLOC } from './job-options.ts';
import { isFinished, type JobRecord } from './job-record.ts';
import { jobRequest } from './job-request.ts';
import { readJob } from './job-store.ts';
import { ask } from './mailbox.ts';
import { findProgram } from './program-lookup.ts';
import { readOptions } from './program-options.ts';
import { checkSize, submitJob } from './submission.ts';

const LOOK = 50;

/** Holds nodes while a command runs here, or until scancel with --no-shell. */
export async function salloc(call: Call): Promise<number> {
  const { options, operands } = readOptions(call, SALLOC, 255);
  const noShell = options.has('no-shell');
  const account = callingAccount();
  const request = jobRequest('salloc', options, noShell ? 'no-shell' : 'interactive', call.cwd, account);
  checkSize('salloc', request, call.site);
  const environment = exportedEnvironment(call.env, 'ALL', account.user, call.site);
  const { id } = submitJob(call.site, { request: () => request, environment });
  const say = (message: string): void => void call.err.write(`salloc: ${message}\n`);

  let revoked = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    call.onSignal(signal, () => {
      revoked = true;
      void ask(call.site, id, { kind: 'cancel', kill: false });
    });
  }
  const job = await granted(call, id, say);
  if (!job) {
    say(`Job allocation ${id} has been revoked.`);
    if (revoked) say('Job aborted due to signal');
    return 1;
  }
  say(`Granted job allocation ${id}`);
  if (noShell) return 0;
  const command = operands.length > 0 ? operands : [call.env.SHELL ?? '/bin/sh'];
  const found = findProgram(command[0] ?? '', call.cwd, environment.PATH);
  if (!('path' in found)) {
    await ask(call.site, id, { kind: 'relinquish' });
    throw new Refusal(
      `salloc: error: _fork_command: Unable to find command "${command[0]}"\nsalloc: Relinquishing job allocation ${id}`,
    );
  }
  const child = spawn(found.path, command.slice(1), {
    cwd: call.cwd,
    env: { ...environment, ...jobEnvironment(job), DYN_SLURM_STANDIN_DIR: call.site.dir },
    stdio: 'inherit',
  });
  let running = true;
  const code = new Promise<number>((resolve) => {
    child.once('exit', (status, signal) => {
      running = false;
      resolve(signal ? 128 + constants.signals[signal] : (status ?? 0));
    });
  });
  void watchAllocation(call, id, () => running, say);
  const status = await code;
  if (!isOver(readJob(call.site, id))) {
    say(`Relinquishing job allocation ${id}`);
    await ask(call.site, id, { kind: 'relinquish' });
  }
  return status;
}

/** Undefined where the job ended before it had its nodes. */
async function granted(
  call: Call,
  id: number,
  say: (message: string) => void,
): Promise<JobRecord | undefined> {
  for (let told = false; ; await sleep(LOOK)) {
    const job = readJob(call.site, id);
    if (job?.state === 'RUNNING') return job;
    if (isOver(job)) return undefined;
    if (!told && job && job.reason !== 'None') {
      say(`Pending job allocation ${id}`);
      say(`job ${id} queued and waiting for resources`);
      told = true;
    }
  }
}

/** Says when the allocation has gone; the command runs on, as with Slurm. */
async function watchAllocation(
  call: Call,
  id: number,
  isRunning: () => boolean,
  say: (message: string) => void,
): Promise<void> {
  while (isRunning()) {
    if (isOver(readJob(call.site, id))) {
      say(`Job allocation ${id} has been revoked.`);
      return;
    }
    await sleep(LOOK * 5);
  }
}

function isOver(job: JobRecord | undefined): boolean {
  return job === undefined || isFinished(job);
}
