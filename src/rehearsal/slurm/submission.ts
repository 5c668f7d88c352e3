import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './call.ts';
import { Refusal } from './call.ts';
import { loginFile, programDir } from './exported-environment.ts';
import type { JobRecord, JobRequest } from './job-record.ts';
import { submission } from './job-request.ts';
import { claimJobId, jobDir, writeJob, writeWhole } from './job-store.ts';
import type { Site } from './site.ts';

/** Throws Refusal where Slurm would refuse the job for its size. */
export function checkSize(program: string, request: JobRequest, site: Site): void {
  if (request.nodes >= 1 && request.nodes <= site.maxNodes) return;
  throw new Refusal(`${program}: error: ${submission(program)} failed: Node count specification invalid`);
}

export interface Submission {
  /** May need the id. */
  readonly request: (id: number) => JobRequest;
  readonly script?: string;
  readonly environment: Environment;
}

/** Records the job and starts its keeper, which outlives the caller. */
export function submitJob(site: Site, { request, script, environment }: Submission): JobRecord {
  const id = claimJobId(site);
  const dir = jobDir(site, id);
  const job: JobRecord = {
    ...request(id),
    id,
    state: 'PENDING',
    completing: false,
    reason: 'None',
    submitted: Date.now(),
    exit: { code: 0, signal: 0 },
    hosts: [],
    addresses: [],
  };
  writeFileSync(join(dir, 'environment.json'), JSON.stringify(environment), { mode: 0o600 });
  if (script !== undefined) writeFileSync(join(dir, 'slurm_script'), script, { mode: 0o700 });
  installPrograms(site);
  writeJob(site, job);
  startKeeper(site, job);
  return job;
}

function startKeeper(site: Site, job: JobRecord): void {
  const log = openSync(join(jobDir(site, job.id), 'keeper.log'), 'a', 0o600);
  const keeper = spawn(process.execPath, [site.entry, 'keeper', String(job.id)], {
    cwd: '/',
    detached: true,
    // Nothing of the caller's: it may itself run in a job, whose marks the keeper must not carry.
    env: { ...site.handed },
    stdio: ['ignore', 'ignore', log],
  });
  keeper.unref();
}

/** Slurm's programs for the nodes, whose PATH need not have node. */
function installPrograms(site: Site): void {
  const dir = programDir(site);
  mkdirSync(dir, { recursive: true });
  const login = loginFile(site);
  if (readText(login.path) !== login.text) writeWhole(login.path, login.text);
  for (const name of ['sbatch', 'srun', 'scontrol', 'squeue', 'scancel', 'salloc', 'sacct']) {
    const text = `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(site.entry)} ${name} "$@"\n`;
    const path = join(dir, name);
    if (readText(path) === text) continue;
    writeWhole(path, text);
    chmodSync(path, 0o755);
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
