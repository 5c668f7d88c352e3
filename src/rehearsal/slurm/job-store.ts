import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import {
  isFinished,
  isOver,
  JOB_NETWORKS,
  type JobRecord,
  jobNetwork,
  type StepRecord,
} from './job-record.ts';
import { isAlive, processesOf, sendSignal } from './process-table.ts';
import { jobMark, type StateDir } from './state-dir.ts';

// jobs/ID/: job.json (sbatch writes it once, then the job's daemon alone), slurm_script, environment.json,
// steps/N/step.json (the step's srun alone), and `cancel` and `kill` (see control-requests.ts).

/** Milliseconds that a job may be without a daemon, between sbatch's record and the daemon's first. */
const DAEMON_START = 60_000;
/** Milliseconds for which squeue knows a job after its end, Slurm's MinJobAge. */
const MIN_JOB_AGE = 300_000;

export function jobDir({ dir }: StateDir, id: number): string {
  return join(dir, 'jobs', String(id));
}

/** What a login shell on a job's nodes reads: it puts the node's folders first in PATH. */
export function loginFile(standIn: StateDir, id: number): string {
  return join(jobDir(standIn, id), 'login.sh');
}

export function stepDir(standIn: StateDir, job: number, step: number): string {
  return join(jobDir(standIn, job), 'steps', String(step));
}

/**
 * The next id whose node addresses nobody listens on. A job of another stand-in on this machine may have the same ones;
 * since one that starts at this moment listens on nothing yet, the first id differs by the stand-in's folder.
 */
export function claimJobId(standIn: StateDir): number {
  const taken = listeningAddresses();
  const isFree = (id: number) => !taken.some((address) => address.startsWith(`${jobNetwork(id)}.`));
  const id = claim(join(standIn.dir, 'jobs'), firstJobId(standIn), isFree);
  mkdirSync(join(jobDir(standIn, id), 'steps'));
  return id;
}

/** 101 to 300: as many as there are networks. */
export function firstJobId({ dir }: StateDir): number {
  return 101 + (createHash('sha256').update(dir).digest().readUInt32BE() % JOB_NETWORKS);
}

export function claimStep(standIn: StateDir, job: number): number {
  return claim(join(jobDir(standIn, job), 'steps'), 0);
}

/** Takes the next number by making its folder, which only one caller can. */
function claim(dir: string, first: number, isFree: (number: number) => boolean = () => true): number {
  const last = numbered(dir).at(-1) ?? first;
  // Where all networks are in use, the next number is as good as any.
  for (let number = last; ; number += 1) {
    if (number < last + JOB_NETWORKS && !isFree(number)) continue;
    try {
      mkdirSync(join(dir, String(number)), { mode: 0o700 });
      return number;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

export function writeJob(standIn: StateDir, job: JobRecord): void {
  writeWhole(join(jobDir(standIn, job.id), 'job.json'), JSON.stringify(job, null, 1));
}

/** Undefined for an id that was never given out. */
export function readJob(standIn: StateDir, id: number): JobRecord | undefined {
  const path = join(jobDir(standIn, id), 'job.json');
  const job = readJson<JobRecord>(path);
  if (!job || isOver(job) || hasDaemon(job)) return job;
  // It may have written its last record and ended between the two looks.
  const again = readJson<JobRecord>(path);
  return !again || isOver(again) ? again : loseNode(standIn, again);
}

/** A job whose daemon was killed has failed with its node, and nothing runs on. */
function loseNode(standIn: StateDir, job: JobRecord): JobRecord {
  sendSignal(processesOf(jobMark(standIn.dir, job.id)), 'SIGKILL');
  const failed = isFinished(job) ? {} : ({ state: 'NODE_FAIL', reason: 'NodeDown' } as const);
  const lost: JobRecord = { ...job, ...failed, completing: false, ended: Date.now() };
  writeJob(standIn, lost);
  return lost;
}

/** A job that runs and names no daemon has been recorded by another version, and is not ours to judge. */
function hasDaemon({ daemon, state, submitted }: JobRecord): boolean {
  return daemon ? isAlive(daemon) : state !== 'PENDING' || Date.now() - submitted < DAEMON_START;
}

/** Undefined for a job that squeue does not know, or not any more. */
export function readKnownJob(standIn: StateDir, id: number): JobRecord | undefined {
  const job = readJob(standIn, id);
  return job && (!isOver(job) || Date.now() - (job.ended ?? 0) < MIN_JOB_AGE) ? job : undefined;
}

/** All jobs that squeue knows, in the order of their ids. */
export function listJobs(standIn: StateDir): readonly JobRecord[] {
  return numbered(join(standIn.dir, 'jobs')).flatMap((id) => readKnownJob(standIn, id) ?? []);
}

export function writeStep(standIn: StateDir, job: number, record: StepRecord): void {
  writeWhole(join(stepDir(standIn, job, record.step), 'step.json'), JSON.stringify(record));
}

/** A job's steps that have not ended. */
export function runningSteps(standIn: StateDir, job: number): readonly StepRecord[] {
  return readSteps(standIn, job).filter(({ ended }) => ended === undefined);
}

export function readSteps(standIn: StateDir, job: number): readonly StepRecord[] {
  return numbered(join(jobDir(standIn, job), 'steps')).flatMap(
    (step) => readJson<StepRecord>(join(stepDir(standIn, job, step), 'step.json')) ?? [],
  );
}

/** IPv4 addresses of this machine on which something listens. */
function listeningAddresses(): readonly string[] {
  // Columns: number, local address in hexadecimal as the machine has it in memory, remote address, state; 0A is LISTEN.
  const rows = readFileSync('/proc/net/tcp', 'utf8').matchAll(/^ *\d+: ([0-9A-F]{8}):\S+ \S+ 0A /gm);
  return Array.from(rows, ([, address = '']) => {
    const bytes = [...Buffer.from(address, 'hex')];
    return (endianness() === 'LE' ? bytes.reverse() : bytes).join('.');
  });
}

/** Whole or not at all, for those who read meanwhile. */
export function writeWhole(path: string, text: string, mode = 0o600): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text, { mode });
  renameSync(temporary, path);
}

/** The entries of a folder, all of which are numbers, ascending. */
function numbered(dir: string): readonly number[] {
  return readdirSync(dir)
    .map(Number)
    .sort((a, b) => a - b);
}

/** Undefined where there is no such file. */
function readJson<Value>(path: string): Value | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Value;
  } catch {
    return undefined;
  }
}
