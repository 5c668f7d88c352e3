import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { callingAccount } from './account.ts';
import { batchRequest } from './batch-request.ts';
import { type Call, Refusal } from './call.ts';
import { checkScript, directiveWords, ScriptError } from './directives.ts';
import { timestamp } from './duration.ts';
import { exportedEnvironment } from './exported-environment.ts';
import { compressHostlist } from './hostlist.ts';
import { SBATCH } from './job-options.ts';
import { isFinished } from './job-record.ts';
import { jobRequest, type Options } from './job-request.ts';
import { readJob } from './job-store.ts';
import { nodeName } from './node-name.ts';
import { type ReadOptions, readOptions } from './program-options.ts';
import type { Site } from './site.ts';
import { checkSize, submitJob } from './submission.ts';

/** Submits a batch script; its `#SBATCH` lines give way to the command line. */
export async function sbatch(call: Call): Promise<number> {
  const { options: own, operands } = readOptions(call, SBATCH, 255);
  const account = callingAccount();
  // A wrong option on the command line is refused before the script is read.
  jobRequest('sbatch', own, '', call.cwd, account);
  const script = await readScript(call, own, operands[0]);
  const { options, operands: stray } = asScriptError(() => {
    checkScript(script.text);
    return readOptions({ ...call, args: [...directiveWords(script.text)] }, SBATCH, 255);
  });
  const [word] = stray;
  if (word !== undefined)
    throw new Refusal(`sbatch: error: Invalid directive found in batch script: ${word}`, 255);

  const all: Options = new Map([...options, ...own]);
  const request = jobRequest('sbatch', all, script.name, call.cwd, account);
  checkSize('sbatch', request, call.site);
  if (all.has('test-only')) {
    const nodes = compressHostlist(Array.from({ length: request.nodes }, (_, index) => nodeName(index)));
    const tasks = request.tasks ?? request.nodes * (request.tasksPerNode ?? 1);
    call.err.write(
      `sbatch: Job 1 to start at ${timestamp(Date.now(), undefined)} using ${tasks} processors on nodes ${nodes} ` +
        `in partition ${request.partition}\n`,
    );
    return 0;
  }
  const exported = all.get('export');
  const job = submitJob(call.site, {
    script: script.text,
    environment: exportedEnvironment(call.env, exported, account.user, call.site),
    request: (id) => ({
      ...request,
      ...(exported !== undefined && { exported }),
      batch: batchRequest(all, request, id, script.command, operands.slice(1)),
    }),
  });
  call.out.write(all.has('parsable') ? `${job.id}\n` : `Submitted batch job ${job.id}\n`);
  return all.has('wait') ? exitCodeOf(call.site, job.id) : 0;
}

/** sbatch --wait. */
async function exitCodeOf(site: Site, id: number): Promise<number> {
  for (;;) {
    const job = readJob(site, id);
    if (job && isFinished(job) && !job.completing)
      return job.exit.signal > 0 ? 128 + job.exit.signal : job.exit.code;
    await sleep(50);
  }
}

interface Script {
  readonly text: string;
  /** Of the job, unless an option names it. */
  readonly name: string;
  readonly command: string;
}

async function readScript(call: Call, options: Options, file: string | undefined): Promise<Script> {
  const wrapped = options.get('wrap');
  if (wrapped !== undefined) {
    const text = `#!/bin/sh\n# This script was created by sbatch --wrap.\n\n${wrapped}\n`;
    return { text, name: 'wrap', command: '(null)' };
  }
  if (file === undefined) return { text: await readAll(call.input), name: 'sbatch', command: '(null)' };
  const path = resolve(call.cwd, file);
  try {
    return { text: readFileSync(path, 'utf8'), name: basename(file), command: path };
  } catch {
    throw new Refusal(`sbatch: error: Unable to open file ${file}`);
  }
}

function asScriptError(read: () => ReadOptions): ReadOptions {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    throw new Refusal(error.message.replaceAll(/^/gm, 'sbatch: '));
  }
}
