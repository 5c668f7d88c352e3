import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './call.ts';
import { batchEnvironment } from './job-environment.ts';
import type { BatchRequest, JobRecord } from './job-record.ts';
import { jobDir } from './job-store.ts';
import type { Site } from './site.ts';

/** Starts the batch script on the job's first node. Throws where its files cannot be opened, as slurmd would fail. */
export function startShell(site: Site, job: JobRecord, batch: BatchRequest): ChildProcess {
  const dir = jobDir(site, job.id);
  const script = join(dir, 'slurm_script');
  const environment = JSON.parse(readFileSync(join(dir, 'environment.json'), 'utf8')) as Environment;
  const files = [openSync(batch.input, 'r'), openOutput(batch.output, batch.append)];
  files.push(batch.error === batch.output ? (files[1] ?? 0) : openOutput(batch.error, batch.append));
  const [interpreter = '/bin/sh', ...options] = interpreterOf(script);
  let cwd = job.workDir;
  if (!isDirectory(cwd)) {
    const host = job.hosts[0];
    sayToJob(
      job,
      `slurmstepd-${host}: error: couldn't chdir to \`${cwd}': No such file or directory: going to /tmp instead`,
    );
    cwd = '/tmp';
  }
  const shell = spawn(interpreter, [...options, script, ...batch.args], {
    cwd,
    // A session of its own, as under slurmstepd.
    detached: true,
    env: { ...batchEnvironment(environment, job, site) },
    stdio: [files[0] ?? 'ignore', files[1], files[2]],
  });
  for (const file of new Set(files)) closeSync(file);
  return shell;
}

/** For appending in any case, for slurmstepd's own lines go there, too. */
function openOutput(path: string, append: boolean): number {
  if (!append) closeSync(openSync(path, 'w'));
  return openSync(path, 'a');
}

/** A line of slurmstepd's in the job's output. */
export function sayToJob(job: JobRecord, line: string): void {
  if (!job.batch) return;
  try {
    appendFileSync(job.batch.error, `${line}\n`);
  } catch {
    // It has nowhere to say it.
  }
}

/** The script is handed to its interpreter, for the state folder may be on a disk that executes nothing. */
function interpreterOf(script: string): readonly string[] {
  const [first = ''] = readFileSync(script, 'utf8').split('\n', 1);
  const [, interpreter = '/bin/sh', options = ''] = /^#!\s*(\S+)\s*(.*?)\s*$/.exec(first) ?? [];
  return options === '' ? [interpreter] : [interpreter, options];
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
