import { setTimeout as sleep } from 'node:timers/promises';
import type { Call } from './call.ts';
import { timestamp } from './duration.ts';
import { askToEnd, killAll } from './ending.ts';
import { describeEnd, exitCode, numberRanges, stepExitCode } from './exit-status.ts';
import type { Ending, JobRecord, ProcessId, StepRecord } from './job-record.ts';
import { readJob } from './job-store.ts';
import { processesOf, sendSignal } from './process-table.ts';
import { jobMark } from './site.ts';
import { readEnding } from './step-ending.ts';
import { writeLine } from './step-output.ts';
import type { Task, TaskEnd } from './task.ts';

export interface StepRunOptions {
  readonly killOnBadExit: boolean;
  /** Seconds that other tasks may outlive the first, 0 for ever: srun's --wait. */
  readonly wait: number;
  readonly quiet: boolean;
}

/** ms between Ctrl-C for the tasks and SIGKILL. */
const INTERRUPT_GRACE = 100;
/** ms for the last output of tasks that have ended. */
const DRAIN_LIMIT = 2000;

/** What srun has of a step while its tasks run: their ends, and what it does about them and about signals. */
export class StepRun {
  readonly #call: Call;
  readonly #job: JobRecord;
  readonly #step: StepRecord;
  readonly #options: StepRunOptions;
  readonly #tasks: readonly Task[];
  readonly #ends = new Map<number, TaskEnd>();
  /** srun ends the step because of --kill-on-bad-exit. */
  #terminating = false;
  /** srun ends the step at once. */
  #aborted = false;
  /** Something else told the step to end, and srun has said so. */
  #toldToEnd = false;
  #heard = false;
  #interrupted = Number.NEGATIVE_INFINITY;

  constructor(call: Call, job: JobRecord, step: StepRecord, tasks: readonly Task[], options: StepRunOptions) {
    this.#call = call;
    this.#job = job;
    this.#step = step;
    this.#tasks = tasks;
    this.#options = options;
    this.#listen();
  }

  /** srun's exit code, once nothing of the step is left. */
  async run(): Promise<number> {
    await Promise.all(
      this.#tasks.map(async (task) => {
        const end = await task.ended;
        this.#ends.set(task.place.task, end);
        this.#taskEnded(task, end);
      }),
    );
    await killAll(() => this.#processes());
    // What escaped from the step may hold its output open; the job's end finds it.
    await Promise.race([Promise.all(this.#tasks.map((task) => task.drained)), sleep(DRAIN_LIMIT)]);
    const ends = [...this.#ends.values()];
    const code = stepExitCode(ends);
    const forced = ends.some(({ signal }) => signal === 'SIGTERM' || signal === 'SIGKILL');
    if (forced && code > 128 && !this.#aborted && !this.#toldToEnd) this.#say(`Force Terminated ${this.#id}`);
    return code;
  }

  get #id(): string {
    return `StepId=${this.#job.id}.${this.#step.step}`;
  }

  #taskEnded(task: Task, end: TaskEnd): void {
    const bad = exitCode(end) !== 0;
    const told = readEnding(this.#call.site, readJob(this.#call.site, this.#job.id), this.#step.step);
    if (told) this.#heardEnding(told);
    if (bad) this.#say(`error: ${describeEnd(task.host, task.place.task, end)}`);
    if (bad && this.#options.killOnBadExit) void this.#endForBadExit();
    if (this.#options.wait > 0 && this.#ends.size === 1) void this.#endAfterFirst();
  }

  /** scancel, the time limit or the job's end. */
  #heardEnding(told: Ending): void {
    if (this.#heard || this.#terminating || this.#aborted) return;
    this.#heard = true;
    this.#toldToEnd = told.aborts;
    if (told.aborts) this.#sayAborted();
    this.#sayCancelled(told);
  }

  async #endForBadExit(): Promise<void> {
    if (this.#terminating || this.#toldToEnd) return;
    this.#terminating = true;
    this.#inform(`launch/slurm: _step_signal: Terminating ${this.#id}`);
    if (this.#aborted || this.#running().length === 0) return;
    this.#sayCancelled();
    await askToEnd(() => this.#told(), this.#call.site.killWait);
    await killAll(() => this.#processes());
  }

  async #endAfterFirst(): Promise<void> {
    await sleep(this.#options.wait * 1000);
    if (this.#terminating || this.#aborted || this.#running().length === 0) return;
    this.#inform(`First task exited ${this.#options.wait}s ago`);
    this.#sayStatus();
    this.#inform(`launch/slurm: _step_signal: Terminating ${this.#id}`);
    await this.#abort();
  }

  #listen(): void {
    // Measured on Slurm 22.05: these three are no request to the tasks but SIGKILL.
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
      this.#call.onSignal(signal, () => {
        if (signal === 'SIGQUIT') this.#say('Quit');
        this.#say('forcing job termination');
        // Told by the job's own end, srun leaves it to KillWait.
        if (!readJob(this.#call.site, this.#job.id)?.ending) void this.#abort();
      });
    }
    for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const) {
      this.#call.onSignal(signal, () => sendSignal(this.#told(), signal));
    }
    this.#call.onSignal('SIGCONT', () => this.#inform('got SIGCONT'));
    this.#call.onSignal('SIGINT', () => void this.#interrupt());
  }

  async #interrupt(): Promise<void> {
    const now = performance.now();
    const again = now - this.#interrupted < 1000;
    this.#interrupted = now;
    if (!again) {
      this.#say('interrupt (one more within 1 sec to abort)');
      this.#sayStatus();
      return;
    }
    this.#say(`sending Ctrl-C to ${this.#id}`);
    sendSignal(this.#told(), 'SIGINT');
    this.#say('forcing job termination');
    this.#aborted = true;
    this.#sayAborted();
    await sleep(INTERRUPT_GRACE);
    if (this.#running().length === 0) return;
    this.#sayCancelled();
    await killAll(() => this.#processes());
  }

  async #abort(): Promise<void> {
    if (!this.#aborted) {
      this.#aborted = true;
      this.#sayAborted();
      this.#sayCancelled();
    }
    await killAll(() => this.#processes());
  }

  /** The tasks themselves, to which signals go; see ending.ts. */
  #told(): readonly ProcessId[] {
    return this.#running().flatMap((task) => task.process ?? []);
  }

  #processes(): readonly ProcessId[] {
    return processesOf(jobMark(this.#call.site.dir, this.#job.id), String(this.#step.step));
  }

  #running(): readonly Task[] {
    return this.#tasks.filter((task) => !this.#ends.has(task.place.task));
  }

  #sayStatus(): void {
    const all = this.#tasks.map((task) => task.place.task);
    for (const [numbers, what] of [
      [all.filter((task) => !this.#ends.has(task)), 'running'],
      [all.filter((task) => this.#ends.has(task)), 'exited'],
    ] as const) {
      if (numbers.length === 0) continue;
      this.#inform(`${this.#id} ${numbers.length > 1 ? 'tasks' : 'task'} ${numberRanges(numbers)}: ${what}`);
    }
  }

  #sayAborted(): void {
    const seconds = this.#call.site.killWait / 1000 + 2;
    this.#say(`Job step aborted: Waiting up to ${seconds} seconds for job step to finish.`);
  }

  /** By the slurmstepd of the step's first node, in the output of its first task. */
  #sayCancelled(told: Ending = { at: Date.now(), why: 'CANCELLED', aborts: true }): void {
    const [first] = this.#tasks;
    if (!first) return;
    const why = told.why === 'CANCELLED' ? '' : ` ${told.why}`;
    const what = `STEP ${this.#job.id}.${this.#step.step} ON ${first.host} CANCELLED AT`;
    writeLine(
      first.sinks.err,
      `slurmstepd-${first.host}: error: *** ${what} ${timestamp(told.at, undefined)}${why} ***`,
    );
  }

  #say(message: string): void {
    this.#call.err.write(`srun: ${message}\n`);
  }

  #inform(message: string): void {
    if (!this.#options.quiet) this.#say(message);
  }
}
