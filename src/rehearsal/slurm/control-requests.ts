import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, Refusal } from './call.ts';
import { isFinished } from './job-record.ts';
import { jobDir, readJob, runningSteps } from './job-store.ts';
import { readOptions } from './options.ts';
import { isAlive, processesOf, sendSignal } from './process-table.ts';
import { parseSignal } from './signals.ts';
import { jobMark, type StateDir } from './state-dir.ts';

/** To end a job as Slurm does, with time for its processes; or at once. Each is an empty file in the job's folder. */
type EndRequest = 'cancel' | 'kill';

/** Asks a job's daemon to end it. Resolves once the job has its final state. */
export async function requestEnd(standIn: StateDir, job: number, request: EndRequest): Promise<void> {
  writeFileSync(join(jobDir(standIn, job), request), '');
  for (;;) {
    const record = readJob(standIn, job);
    if (!record || isFinished(record)) return;
    await sleep(10);
  }
}

export function isRequested(standIn: StateDir, job: number, request: EndRequest): boolean {
  return existsSync(join(jobDir(standIn, job), request));
}

/** Ends jobs (`scancel 42`), and ends or signals steps (`scancel --signal=TERM 42.3`). Exit code 1 where a step is gone. */
export async function scancel({ args, err, standIn }: Call): Promise<number> {
  const { options, operands } = readOptions(args);
  const signal = parseSignal(options.get('signal') ?? 'KILL');
  if (!signal) throw new Refusal(`Unknown job signal: ${options.get('signal')}`);
  let code = 0;
  for (const target of operands) {
    const [id = 0, step] = target.split('.').map(Number);
    if (step === undefined) {
      // To end what has ended is no error: scancel is safe to repeat. Measured on Slurm 22.05.
      if (readJob(standIn, id)) await requestEnd(standIn, id, options.has('signal') ? 'kill' : 'cancel');
    } else if (!signalStep(standIn, id, step, signal)) {
      err.write(`scancel: error: Kill job error on job step id ${target}: Invalid job id specified\n`);
      code = 1;
    }
  }
  return code;
}

/** Signals a step's tasks; SIGKILL reaches all of its processes. False where there is no such step. */
function signalStep(standIn: StateDir, job: number, step: number, signal: NodeJS.Signals): boolean {
  const record = runningSteps(standIn, job).find((other) => other.step === step);
  if (!record) return false;
  const all = signal === 'SIGKILL' ? processesOf(jobMark(standIn.dir, job), String(step)) : record.processes;
  sendSignal(all.filter(isAlive), signal);
  return true;
}
