import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from './call.ts';
import { isRequested } from './control-requests.ts';
import {
  dependencyState,
  isFinished,
  type JobRecord,
  type JobState,
  nodeName,
  type ProcessId,
} from './job-record.ts';
import { jobDir, readJob, readKnownJob, readSteps, runningSteps, writeJob, writeStep } from './job-store.ts';
import { batchEnvironment } from './node-environment.ts';
import {
  askToEnd,
  identify,
  isAlive,
  killAll,
  localFoldersOf,
  processesOf,
  sendSignal,
} from './process-table.ts';
import { jobMark, type StandIn } from './state-dir.ts';
import { timestamp } from './times.ts';

/** Milliseconds between two looks at requests and the clock. */
const BEAT = 25;

/**
 * Slurm's side of one job, slurmctld and slurmd in one: waits until the job may start, runs its script, ends it at its time
 * limit or on request, and leaves no process behind.
 */
export async function jobDaemon({ args, standIn }: Call): Promise<number> {
  const job = readJob(standIn, Number(args[0]));
  if (job) await new JobDaemon(standIn, job).run();
  return 0;
}

/** The one writer of the job's record after sbatch. */
class JobDaemon {
  readonly #standIn: StandIn;
  readonly #mark: string;
  #job: JobRecord;
  #shellEnded: Promise<unknown> = Promise.resolve();
  #warned = false;
  /** What ran at the last look. */
  #seen: readonly ProcessId[] = [];
  /** Folders on the nodes' own disk, which a step that is killed outright leaves. */
  readonly #folders = new Set<string>();

  constructor(standIn: StandIn, job: JobRecord) {
    this.#standIn = standIn;
    this.#mark = jobMark(standIn.dir, job.id);
    this.#job = job;
    this.#write({ daemon: identify(process.pid) });
  }

  async run(): Promise<void> {
    for (let beats = 0; !isFinished(this.#job); beats += 1) {
      if (this.#job.state === 'RUNNING') {
        this.#watchClock();
        if (beats % 10 === 0) this.#endLostSteps();
        if (beats % 40 === 0) this.#look();
      } else if (this.#mayStart()) this.#start();
      await sleep(BEAT);
      if (this.#isKilled() || isRequested(this.#standIn, this.#job.id, 'cancel')) {
        this.#finish('CANCELLED', 'None', '');
      }
    }
    if (this.#job.completing) await this.#complete();
  }

  #isKilled(): boolean {
    return isRequested(this.#standIn, this.#job.id, 'kill');
  }

  /** Gives the job its final state, once. `told`: what slurmstepd adds to CANCELLED where something tells the job to end. */
  #finish(state: JobState, reason: string, told?: string): void {
    if (isFinished(this.#job)) return;
    const { id, output, started } = this.#job;
    this.#write({ state, reason, completing: started !== undefined, ended: Date.now() });
    if (told === undefined || started === undefined || output === undefined) return;
    const what = `JOB ${id} ON ${nodeName(0)} CANCELLED AT ${timestamp(Date.now())}${told}`;
    try {
      appendFileSync(output, `slurmstepd-${nodeName(0)}: error: *** ${what} ***\n`);
    } catch {
      // It has nowhere to say it.
    }
  }

  #mayStart(): boolean {
    const state = dependencyState(this.#job.dependency, (id) => readKnownJob(this.#standIn, id));
    const reason = { met: 'None', waiting: 'Dependency', never: 'DependencyNeverSatisfied' }[state];
    if (reason !== this.#job.reason) this.#write({ reason });
    // As with --kill-on-invalid-dep=yes, which dyn-slurm gives.
    if (state === 'never') this.#finish('CANCELLED', reason);
    return state === 'met';
  }

  #start(): void {
    this.#write({ state: 'RUNNING', started: Date.now() });
    const { output } = this.#job;
    if (output === undefined) return;
    const end = (state: JobState, reason: string) => {
      this.#write({ shell: undefined });
      this.#finish(state, reason);
    };
    try {
      const shell = startScript(this.#standIn, this.#job, output);
      this.#shellEnded = new Promise((resolve) => {
        shell.once('error', () => resolve(end('FAILED', 'JobLaunchFailure')));
        shell.once('exit', (code) =>
          resolve(code === 0 ? end('COMPLETED', 'None') : end('FAILED', 'NonZeroExitCode')),
        );
      });
      if (shell.pid !== undefined) this.#write({ shell: identify(shell.pid) });
    } catch {
      // There is no file for its output.
      end('FAILED', 'JobLaunchFailure');
    }
  }

  #watchClock(): void {
    const { started = 0, timeLimit, warning, shell } = this.#job;
    if (timeLimit === 0) return;
    const left = started + timeLimit * 1000 - Date.now();
    if (shell && warning > 0 && !this.#warned && left <= warning * 1000) {
      this.#warned = true;
      sendSignal([shell], 'SIGUSR1');
    }
    if (left <= 0) this.#finish('TIMEOUT', 'TimeLimit', ' DUE TO TIME LIMIT');
  }

  /**
   * A step does not outlive its srun: a second process of that notices. But where both are killed at once, with the step in
   * which they ran, nobody tells the tasks: so it is on Slurm 22.05.
   */
  #endLostSteps(): void {
    const steps = readSteps(this.#standIn, this.#job.id);
    for (const record of steps) {
      if (record.ended !== undefined || isAlive(record.srun)) continue;
      const left = processesOf(this.#mark, String(record.step));
      const around = steps.find(({ step }) => step === record.within);
      if (!around || around.processes.some(isAlive)) sendSignal(left, 'SIGKILL');
      if (left.length === 0) writeStep(this.#standIn, this.#job.id, { ...record, ended: Date.now() });
    }
  }

  /** Remembers what could not be found once its parents have ended: nginx overwrites its environment. */
  #look(): void {
    const found = new Map([...this.#seen, ...processesOf(this.#mark)].map((seen) => [seen.pid, seen]));
    this.#seen = [...found.values()].filter(isAlive);
    for (const folder of localFoldersOf(this.#seen, this.#job.id)) this.#folders.add(folder);
  }

  async #complete(): Promise<void> {
    this.#look();
    const asked = () => [
      ...(this.#job.shell ? [this.#job.shell] : []),
      ...runningSteps(this.#standIn, this.#job.id).flatMap(({ processes }) => processes),
    ];
    if (!this.#isKilled()) await askToEnd(asked, this.#standIn.killWait, () => this.#isKilled());
    await killAll(() => [...processesOf(this.#mark), ...this.#seen.filter(isAlive)]);
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
    // It may still be under way to this process; what the kernel does not let go never comes.
    await Promise.race([this.#shellEnded, sleep(500)]);
    this.#write({ completing: false });
  }

  #write(change: Partial<JobRecord>): void {
    this.#job = { ...this.#job, ...change };
    writeJob(this.#standIn, this.#job);
  }
}

/** Starts the batch script on the job's first node. Throws where its output cannot be opened, as slurmd would fail. */
function startScript(standIn: StandIn, job: JobRecord, output: string): ChildProcess {
  const dir = jobDir(standIn, job.id);
  const script = join(dir, 'slurm_script');
  const environment = JSON.parse(readFileSync(join(dir, 'environment.json'), 'utf8'));
  const file = openSync(output, 'a');
  // The script is handed to its interpreter, for the state directory may be on a disk that executes nothing.
  const [interpreter = '/bin/sh', ...options] =
    /^#!(.*)/.exec(readFileSync(script, 'utf8'))?.[1]?.trim().split(/\s+/) ?? [];
  const shell = spawn(interpreter, [...options, script], {
    cwd: job.workDir,
    // A session of its own, as under slurmstepd.
    detached: true,
    env: batchEnvironment(environment, job, standIn),
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  return shell;
}
