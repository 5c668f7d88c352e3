import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sayToJob, startShell } from './batch-shell.ts';
import type { Call } from './call.ts';
import { dependencyState } from './dependency.ts';
import { timestamp } from './duration.ts';
import { askToEnd, killAll } from './ending.ts';
import { isFinished, type JobRecord, type JobState, type ProcessId, type StepRecord } from './job-record.ts';
import { isRemembered, readJob, readSteps, writeJob } from './job-store.ts';
import { type Request, type SignalTarget, takeRequests } from './mailbox.ts';
import { nodeAddress, nodeName } from './node-name.ts';
import {
  identify,
  isAlive,
  localFoldersOf,
  processesOf,
  sendSignal,
  unmarkedProcessesOf,
} from './process-table.ts';
import { signalNumber } from './signal.ts';
import { jobMark, type Site } from './site.ts';
import { endLostSteps, signalStep } from './step-ending.ts';

/** ms between two looks at requests and steps. */
const BEAT = 25;

/**
 * Slurm's side of one job, slurmctld and slurmd in one: waits until it may start, runs its script, ends it at its
 * time limit or on request, and leaves no process behind.
 */
export async function keeper(call: Call): Promise<number> {
  const job = readJob(call.site, Number(call.args[0]));
  if (!job) return 1;
  const kept = new KeptJob(call.site, job);
  // What tells the keeper to end takes the job with it: its node went down.
  call.onSignal('SIGTERM', () => kept.finish('NODE_FAIL', 'NodeDown', 'DUE TO NODE FAILURE'));
  await kept.run();
  return 0;
}

/** The one writer of the job's record, from sbatch's on. */
class KeptJob {
  readonly #site: Site;
  readonly #tag: string;
  #job: JobRecord;
  /** Aborted where the job's processes get no time to end by themselves. */
  readonly #kill = new AbortController();
  #warned = false;
  #beats = 0;
  #strays: readonly ProcessId[] = [];

  constructor(site: Site, job: JobRecord) {
    this.#site = site;
    this.#tag = jobMark(site.dir, job.id);
    this.#job = job;
    this.#write({ keeper: identify(process.pid) });
  }

  async run(): Promise<void> {
    while (!isFinished(this.#job) && !this.#mayStart()) await this.#beat();
    if (!isFinished(this.#job)) this.#start();
    while (!isFinished(this.#job)) {
      await this.#beat();
      this.#watchClock();
      this.#beats += 1;
      if (this.#beats % 10 === 0) endLostSteps(this.#site, this.#job);
      if (this.#beats % 40 === 0) this.#lookForStrays();
    }
    await this.#complete();
  }

  /** Its end state, once; `told` is what slurmstepd says of it, where something tells the job to end. */
  finish(state: JobState, reason: string, told?: string): void {
    if (isFinished(this.#job)) return;
    const now = Date.now();
    const wasRunning = this.#job.state === 'RUNNING';
    this.#write({
      state,
      reason,
      completing: wasRunning,
      ending: { at: now, why: told ?? 'CANCELLED', aborts: true },
      ...(!wasRunning && { ended: now }),
    });
    if (told !== undefined && wasRunning) this.#sayCancelled(told === 'CANCELLED' ? '' : ` ${told}`);
  }

  #sayCancelled(why: string): void {
    const [host] = this.#job.hosts;
    const what = `JOB ${this.#job.id} ON ${host} CANCELLED AT ${timestamp(Date.now(), undefined)}${why}`;
    sayToJob(this.#job, `slurmstepd-${host}: error: *** ${what} ***`);
  }

  async #beat(): Promise<void> {
    await sleep(BEAT);
    takeRequests(this.#site, this.#job.id, (request) => this.#handle(request));
  }

  #mayStart(): boolean {
    const depends = dependencyState(this.#job.dependency, (id) => {
      const other = readJob(this.#site, id);
      return other && isRemembered(this.#site, other) ? other : undefined;
    });
    const waits = { met: 'None', waiting: 'Dependency', never: 'DependencyNeverSatisfied' }[depends];
    const reason = this.#job.held ? 'JobHeldUser' : waits;
    if (reason !== this.#job.reason) this.#write({ reason });
    return reason === 'None';
  }

  #start(): void {
    const indices = Array.from({ length: this.#job.nodes }, (_, index) => index);
    this.#write({
      state: 'RUNNING',
      started: Date.now(),
      hosts: indices.map(nodeName),
      addresses: indices.map((index) => nodeAddress(this.#job.id, index)),
    });
    if (!this.#job.batch) return;
    try {
      const shell = startShell(this.#site, this.#job, this.#job.batch);
      shell.once('error', () => this.#fail());
      shell.once('exit', (code, signal) => this.#shellEnded(code ?? 0, signal));
      if (shell.pid !== undefined) this.#write({ shell: identify(shell.pid) });
    } catch {
      this.#fail();
    }
  }

  /** No file for its output, or no interpreter: Slurm's ExitCode=0:53, and no log. */
  #fail(): void {
    this.#write({ exit: { code: 0, signal: 53 } });
    this.finish('FAILED', 'JobLaunchFailure');
  }

  #shellEnded(code: number, signal: NodeJS.Signals | null): void {
    this.#write({ exit: { code, signal: signal ? signalNumber(signal) : 0 }, shell: undefined });
    if (signal) this.finish('FAILED', 'JobLaunchFailure');
    else if (code !== 0) this.finish('FAILED', 'NonZeroExitCode');
    else this.finish('COMPLETED', 'None');
  }

  #watchClock(): void {
    const { started = 0, timeLimit, signal } = this.#job;
    if (timeLimit === 0) return;
    const left = started + timeLimit * 1000 - Date.now();
    if (signal && !this.#warned && left <= signal.seconds * 1000) {
      this.#warned = true;
      this.#signal(signal.signal, signal.batch ? 'shell' : 'steps');
    }
    if (left <= 0) this.finish('TIMEOUT', 'TimeLimit', 'DUE TO TIME LIMIT');
  }

  #handle(request: Request): void {
    switch (request.kind) {
      case 'cancel':
        if (request.kill) this.#kill.abort();
        this.finish('CANCELLED', this.#job.state === 'PENDING' ? this.#job.reason : 'None', 'CANCELLED');
        break;
      case 'relinquish':
        this.finish('COMPLETED', 'None');
        break;
      case 'signal':
        this.#signal(request.signal, request.to);
        break;
      case 'hold':
      case 'release':
        this.#write({ held: request.kind === 'hold' });
        break;
      default:
        request satisfies never;
    }
  }

  #signal(signal: NodeJS.Signals, to: SignalTarget): void {
    const { shell } = this.#job;
    if ((to === 'shell' || to === 'both') && shell) {
      if (signal === 'SIGTERM' || signal === 'SIGKILL') this.#sayCancelled('');
      sendSignal([shell], signal);
    }
    if (to === 'shell') return;
    for (const step of this.#liveSteps()) {
      if (typeof to !== 'number' || step.step === to) signalStep(this.#site, this.#job, step, signal);
    }
  }

  #liveSteps(): readonly StepRecord[] {
    return readSteps(this.#site, this.#job.id).filter(({ ended }) => ended === undefined);
  }

  /** What the script has started does not outlive it, its sruns neither. */
  #killAfterShell(): AbortController {
    const until = new AbortController();
    const { shell } = this.#job;
    const look = async (): Promise<void> => {
      while (shell && isAlive(shell) && !until.signal.aborted) await sleep(BEAT);
      if (!until.signal.aborted) await killAll(() => processesOf(this.#tag, 'batch'));
    };
    void look();
    return until;
  }

  /** Remembers what could not be found once its parents have ended. */
  #lookForStrays(): void {
    const known = new Set(this.#strays.map(({ pid, start }) => `${pid} ${start}`));
    const found = unmarkedProcessesOf(this.#tag).filter(({ pid, start }) => !known.has(`${pid} ${start}`));
    this.#strays = [...this.#strays.filter(isAlive), ...found];
  }

  /** A job that is told to end can still be killed outright, until the abort of what this gives. */
  #hearKill(): AbortController {
    const until = new AbortController();
    const look = async (): Promise<void> => {
      while (!until.signal.aborted) await this.#beat();
    };
    void look();
    return until;
  }

  async #complete(): Promise<void> {
    this.#lookForStrays();
    const over = this.#hearKill();
    if (!this.#kill.signal.aborted) {
      const shellEnded = this.#killAfterShell();
      const tasks = () =>
        [this.#job.shell ?? [], this.#liveSteps().map(({ processes }) => processes)].flat(2);
      await askToEnd(tasks, this.#site.killWait, this.#kill.signal);
      shellEnded.abort();
    }
    over.abort();
    const folders = localFoldersOf(this.#tag, this.#job.id);
    await killAll(() => [...processesOf(this.#tag), ...this.#strays.filter(isAlive)]);
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    // The shell's own end may still be under way to this process.
    for (let waits = 0; this.#job.shell && waits < 100; waits += 1) await sleep(5);
    this.#write({ completing: false, ended: this.#job.ended ?? Date.now() });
  }

  #write(change: Partial<JobRecord>): void {
    this.#job = { ...this.#job, ...change };
    writeJob(this.#site, this.#job);
  }
}
