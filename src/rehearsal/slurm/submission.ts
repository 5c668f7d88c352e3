import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../../host/environment.ts';
import { type Call, Refusal } from './call.ts';
import { requestEnd } from './control-requests.ts';
import { claimGpus, offeredGpus } from './gpu-claims.ts';
import { isFinished, type JobRecord, type JobRequest, nodeList } from './job-record.ts';
import { claimJobId, jobDir, loginFile, readJob, writeJob, writeWhole } from './job-store.ts';
import { nodePath, submittedEnvironment } from './node-environment.ts';
import { directiveWords, type Options, readOptions } from './options.ts';
import { programDir, type StandIn } from './state-dir.ts';
import { parseTimeLimit, timestamp } from './times.ts';

/** Every node is a few processes of this machine. */
const MAX_NODES = 250;

/** Submits a batch script. Its `#SBATCH` lines give way to the command line. */
export async function sbatch(call: Call): Promise<number> {
  const { options: own, operands } = readOptions(call.args);
  const [file] = operands;
  const script =
    file === undefined ? await readAll(call.input) : readFileSync(resolve(call.cwd, file), 'utf8');
  const options = new Map([...readOptions(directiveWords(script)).options, ...own]);
  const request = jobRequest(options, call, 'sbatch: error: Batch job submission failed');
  if (options.has('test-only')) {
    const { nodes } = request;
    const when = `at ${timestamp(Date.now())} using ${nodes} processors on nodes ${nodeList(nodes)}`;
    call.err.write(`sbatch: Job 1 to start ${when} in partition ${options.get('partition') ?? 'batch'}\n`);
    return 0;
  }
  const output = resolve(request.workDir, options.get('output') ?? 'slurm.out');
  call.out.write(`${submitJob(call, { ...request, output }, script)}\n`);
  return 0;
}

/** Takes nodes, and ends once they are there: salloc --no-shell. A signal before that gives them up. */
export async function salloc(call: Call): Promise<number> {
  const { options } = readOptions(call.args);
  const request = jobRequest(options, call, 'salloc: error: Job submit/allocate failed');
  const id = submitJob(call, request);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    call.onSignal(signal, () => void requestEnd(call.standIn, id, 'cancel'));
  }
  call.err.write(`salloc: Pending job allocation ${id}\n`);
  for (;;) {
    const job = readJob(call.standIn, id);
    const isGranted = job?.state === 'RUNNING';
    if (isGranted || !job || isFinished(job)) {
      const said = isGranted ? `Granted job allocation ${id}` : `Job allocation ${id} has been revoked.`;
      call.err.write(`salloc: ${said}\n`);
      return isGranted ? 0 : 1;
    }
    await sleep(50);
  }
}

/** What the options ask for. @throws Refusal that begins with `failure`. */
function jobRequest(options: Options, { cwd, standIn }: Call, failure: string): JobRequest {
  const nodes = Number(options.get('nodes') ?? 1);
  if (!(nodes >= 1 && nodes <= MAX_NODES)) {
    throw new Refusal(`${failure}: Node count specification invalid`);
  }
  const perNode = /^(?:[\w-]+:)?(\d+)$/.exec(options.get('gpus-per-node') ?? '')?.[1];
  const gres = /(?:^|,)gpu(?::[\w-]+)?:(\d+)/.exec(options.get('gres') ?? '')?.[1];
  return {
    name: options.get('job-name') ?? 'job',
    comment: options.get('comment'),
    dependency: options.get('dependency'),
    nodes,
    gpusPerNode: Number(perNode ?? gres ?? 0),
    timeLimit: parseTimeLimit(options.get('time') ?? '0'),
    warning: Number(/^B:USR1@(\d+)$/.exec(options.get('signal') ?? '')?.[1] ?? 0),
    workDir: resolve(cwd, options.get('chdir') ?? '.'),
    engine: standIn.engine,
  };
}

/** Records a job, and starts its daemon, which outlives the caller. `script`: absent for an allocation. Gives the job's id. */
function submitJob({ env, cwd, standIn }: Call, request: JobRequest, script?: string): number {
  const id = claimJobId(standIn);
  const dir = jobDir(standIn, id);
  const environment = JSON.stringify(submittedEnvironment(env, cwd, standIn));
  writeFileSync(join(dir, 'environment.json'), environment, { mode: 0o600 });
  if (script !== undefined) writeFileSync(join(dir, 'slurm_script'), script, { mode: 0o700 });
  const path = nodePath(standIn, env.PATH ?? '')
    .map(quoted)
    .join(':');
  writeFileSync(loginFile(standIn, id), `PATH=${path}:$PATH\n`);
  installPrograms(standIn);
  const submitted = Date.now();
  const job: JobRecord = { ...request, id, state: 'PENDING', completing: false, reason: 'None', submitted };
  writeJob(standIn, job);
  if (request.engine?.kind === 'real') writeJob(standIn, { ...job, gpus: takeGpus(standIn, job, env) });
  startDaemon(standIn, id);
  return id;
}

/** The GPUs that a job with a real engine asks for. @throws Refusal where others have them by now; the job is over then */
function takeGpus(standIn: StandIn, job: JobRecord, env: Environment): readonly number[] {
  const taken = claimGpus(standIn, job.id, job.gpusPerNode, offeredGpus(env));
  if (taken) return taken.map(({ index }) => index);
  writeJob(standIn, { ...job, state: 'CANCELLED', ended: Date.now() });
  throw new Refusal(
    `sbatch: error: Batch job submission failed: other runs have taken GPUs of this machine meanwhile`,
  );
}

function startDaemon(standIn: StandIn, id: number): void {
  const log = openSync(join(jobDir(standIn, id), 'daemon.log'), 'a', 0o600);
  const daemon = spawn(process.execPath, [standIn.entry, 'job-daemon', String(id)], {
    cwd: '/',
    detached: true,
    // Nothing of the caller's: it may itself run in a job, whose marks the daemon must not carry.
    env: { ...standIn.handed },
    stdio: ['ignore', 'ignore', log],
  });
  daemon.unref();
}

/** Slurm's programs for the nodes, whose PATH need not have node. */
function installPrograms(standIn: StandIn): void {
  const dir = programDir(standIn);
  const command = [process.execPath, standIn.entry].map(quoted).join(' ');
  mkdirSync(dir, { recursive: true });
  for (const name of ['sbatch', 'srun', 'scontrol', 'squeue', 'scancel', 'salloc', 'sacct']) {
    writeWhole(join(dir, name), `#!/bin/sh\nexec ${command} ${name} "$@"\n`, 0o755);
  }
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
