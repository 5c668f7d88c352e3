import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFinished, type JobRecord, type StepRecord } from './job-record.ts';
import { isAlive, processesOf, sendSignal } from './process-table.ts';
import { jobMark, type Site } from './site.ts';

// jobs/ID/: job.json (sbatch writes it once, then the job's keeper alone), script, environment.json,
// steps/N.json (the step's srun alone), steps/N.ending.json and requests/ (see mailbox.ts).

/** ms that a job may be without a keeper, between sbatch's record and the keeper's first. */
const KEEPER_START = 60_000;

export function jobDir(site: Pick<Site, 'dir'>, id: number): string {
  return join(site.dir, 'jobs', String(id));
}

/** Takes the next id by making its folder, which only one caller can. */
export function claimJobId(site: Site): number {
  const taken = jobIds(site);
  for (let id = (taken.at(-1) ?? 0) + 1; ; id += 1) {
    try {
      mkdirSync(jobDir(site, id), { mode: 0o700 });
    } catch (error) {
      if (isExisting(error)) continue;
      throw error;
    }
    mkdirSync(join(jobDir(site, id), 'steps'));
    mkdirSync(join(jobDir(site, id), 'requests'));
    return id;
  }
}

export function writeJob(site: Pick<Site, 'dir'>, job: JobRecord): void {
  writeWhole(join(jobDir(site, job.id), 'job.json'), JSON.stringify(job, null, 1));
}

/** Undefined for an id that was never given out. */
export function readJob(site: Pick<Site, 'dir'>, id: number): JobRecord | undefined {
  const path = join(jobDir(site, id), 'job.json');
  const job = readJson<JobRecord>(path);
  if (!job || isSettled(job) || isKept(job)) return job;
  // It may have written its last record and ended between the two looks.
  const again = readJson<JobRecord>(path);
  return !again || isSettled(again) ? again : loseNode(site, again);
}

/** A job whose keeper was killed has failed with its node, and nothing runs on. */
function loseNode(site: Pick<Site, 'dir'>, job: JobRecord): JobRecord {
  sendSignal(processesOf(jobMark(site.dir, job.id)), 'SIGKILL');
  const lost: JobRecord = { ...job, completing: false, ended: Date.now() };
  const told: JobRecord = isFinished(job) ? lost : { ...lost, state: 'NODE_FAIL', reason: 'NodeDown' };
  writeJob(site, told);
  return told;
}

function isSettled(job: JobRecord): boolean {
  return isFinished(job) && !job.completing;
}

function isKept(job: JobRecord): boolean {
  return job.keeper ? isAlive(job.keeper) : Date.now() - job.submitted < KEEPER_START;
}

/** In the order of their ids. */
export function listJobs(site: Site): readonly JobRecord[] {
  return jobIds(site).flatMap((id) => readJob(site, id) ?? []);
}

/** Whether the controller still remembers the job. */
export function isRemembered(site: Site, job: JobRecord): boolean {
  return !isFinished(job) || job.completing || Date.now() - (job.ended ?? 0) < site.minJobAge;
}

export function readSteps(site: Site, job: number): readonly StepRecord[] {
  const dir = join(jobDir(site, job), 'steps');
  return listDir(dir)
    .filter((name) => /^\d+\.json$/.test(name))
    .flatMap((name) => readJson<StepRecord>(join(dir, name)) ?? [])
    .sort((a, b) => a.step - b.step);
}

/** Takes the next number among the job's steps. */
export function claimStep(site: Site, job: number, record: Omit<StepRecord, 'step'>): StepRecord {
  const dir = join(jobDir(site, job), 'steps');
  const taken = listDir(dir).flatMap((name) => (/^\d+\.json$/.test(name) ? [Number.parseInt(name, 10)] : []));
  for (let step = Math.max(-1, ...taken) + 1; ; step += 1) {
    try {
      const claimed = { ...record, step };
      linkWhole(join(dir, `${step}.json`), JSON.stringify(claimed));
      return claimed;
    } catch (error) {
      if (!isExisting(error)) throw error;
    }
  }
}

export function writeStep(site: Site, job: number, record: StepRecord): void {
  writeWhole(join(jobDir(site, job), 'steps', `${record.step}.json`), JSON.stringify(record));
}

/** Whole or not at all, for those who read meanwhile. */
export function writeWhole(path: string, text: string): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}

/** The same, where nothing is yet; throws EEXIST otherwise. */
function linkWhole(path: string, text: string): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  try {
    linkSync(temporary, path);
  } finally {
    rmSync(temporary);
  }
}

/** Undefined where there is no such file, or not all of it yet. */
export function readJson<Value>(path: string): Value | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Value;
  } catch {
    return undefined;
  }
}

export function listDir(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function jobIds(site: Site): readonly number[] {
  return listDir(join(site.dir, 'jobs'))
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
