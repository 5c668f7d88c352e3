import { DynSlurmError, EXIT } from '../errors.ts';
import { pause } from '../host/pause.ts';
import { JOB_LOG, type LogFile, listLogs, tailOffset } from '../observe/log-file.ts';
import { LogTail } from '../observe/log-tail.ts';
import { type Outline, readOutline } from '../observe/outline.ts';
import { watchRun } from '../observe/watch.ts';
import { labelOf, paintedLabel } from './log-label.ts';
import { findLogs, isOf, type LogsQuery } from './logs-query.ts';
import type { FoundRun, LookupOptions } from './run-lookup.ts';
import { reportRuns } from './run-report.ts';
import type { World } from './world.ts';

export interface LogsOptions extends LookupOptions {
  /** Go on as the logs grow, until the run ends. */
  readonly follow?: boolean;
  /** The last so many of each log. Default: all, or 10 with `follow`. */
  readonly lines?: number;
}

/** Milliseconds between looks at the logs while following; a thousand logs are looked at less often. */
const INTERVAL = 200;
const FOLLOWED_LINES = 10;

/** `dyn-slurm logs [RUN] [WORKER]`: what the processes of a run printed, each line with its process and node. */
export async function logs(query: LogsQuery, options: LogsOptions, world: World): Promise<number> {
  const { found, step } = await findLogs(query, options, world);
  const outline = await readOutline(found.connection.host, found.run);
  const printer = new LogPrinter(found, step, outline, world);
  const lines = options.lines ?? (options.follow ? FOLLOWED_LINES : undefined);
  const count = await printer.start(lines);
  if (options.follow) return follow(found, printer, world);
  printer.finish();
  if (count === 0) {
    throw new DynSlurmError(
      'usage',
      `run ${found.run.id} has no log${step === undefined ? 's' : ` of ${step}`} yet`,
    );
  }
  return EXIT.ok;
}

/** Until the run ends, or the interrupt. */
async function follow(found: FoundRun, printer: LogPrinter, world: World): Promise<number> {
  const [report] = await reportRuns([found], world);
  let running = true;
  const ended = (
    report?.state.verdict ? Promise.resolve() : untilEnd(found, report?.jobId, world.signal)
  ).finally(() => {
    running = false;
  });
  while (running && !world.signal.aborted) {
    const count = await printer.readOn();
    await Promise.race([pause(INTERVAL + 2 * count, world.signal), ended]);
  }
  if (world.signal.aborted) return EXIT.interrupted;
  await printer.readOn();
  printer.finish();
  await ended;
  return EXIT.ok;
}

async function untilEnd({ run, connection }: FoundRun, jobId: FoundJob, signal: AbortSignal): Promise<void> {
  for await (const _ of watchRun(connection, { dir: run.dir, jobId }, signal));
}

type FoundJob = Parameters<typeof watchRun>[1]['jobId'];

/** Files that are looked at in one go: each look at a distance costs a round trip, and open files are limited. */
const AT_ONCE = 32;

async function inGroups<T, R>(items: readonly T[], use: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(use))));
  }
  return results;
}

/** Prints the logs of a run, or of one step, each from where it was left off. New logs join as they appear. */
class LogPrinter {
  readonly #found: FoundRun;
  readonly #step: string | undefined;
  readonly #outline: Outline | undefined;
  readonly #world: World;
  readonly #tails = new Map<string, LogTail>();
  #width = 0;

  constructor(found: FoundRun, step: string | undefined, outline: Outline | undefined, world: World) {
    this.#found = found;
    this.#step = step;
    this.#outline = outline;
    this.#world = world;
  }

  /** Prints the last `lines` of each log, or all; how many logs there are. */
  async start(lines: number | undefined): Promise<number> {
    const { host } = this.#found.connection;
    const present = await this.#present();
    this.#width = Math.max(0, ...present.map((log) => labelOf(log).length));
    const found = await inGroups(present, async (log) => {
      this.#tail(log, lines === undefined ? 0 : await tailOffset(host, log.path, lines));
      return (await host.read(log.path, 0, 0)) !== undefined;
    });
    for (const log of present) await this.#tail(log, 0).read((said) => this.#print(log, said));
    return found.filter(Boolean).length;
  }

  /** Prints what has come since; how many logs there are. */
  async readOn(): Promise<number> {
    const present = await this.#present();
    await inGroups(present, (log) => this.#tail(log, 0).read((said) => this.#print(log, said)));
    return present.length;
  }

  finish(): void {
    for (const tail of this.#tails.values()) tail.finish((said) => this.#print(tail.log, said));
  }

  #tail(log: LogFile, offset: number): LogTail {
    const known = this.#tails.get(log.path);
    if (known) return known;
    const tail = new LogTail(this.#found.connection.host, log, offset);
    this.#tails.set(log.path, tail);
    return tail;
  }

  async #present(): Promise<readonly LogFile[]> {
    const all = await listLogs(this.#found.connection.host, this.#found.run, this.#outline);
    if (this.#step !== undefined) return all.filter(({ step }) => isOf(step, this.#step));
    // The batch script's log repeats the events: it is shown when it is asked for, or is all there is.
    return all.length === 1 ? all : all.filter(({ step }) => step !== JOB_LOG);
  }

  #print(log: LogFile, said: readonly string[]): void {
    if (said.length === 0) return;
    const label = labelOf(log);
    this.#width = Math.max(this.#width, label.length);
    const shown = paintedLabel(label.padEnd(this.#width), log.step, this.#world.color);
    this.#world.out.write(said.map((line) => `${shown} │ ${line}\n`).join(''));
  }
}
