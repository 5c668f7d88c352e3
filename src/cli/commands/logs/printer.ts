import type { Host } from '../../../host/host.ts';
import { inGroups } from '../../../observe/in-groups.ts';
import { type LogFile, listLogs, tailOffset } from '../../../observe/log-file.ts';
import { LogTail } from '../../../observe/log-tail.ts';
import type { Outline } from '../../../run/plan-file.ts';
import { labelOf, paintedLabel } from '../../views/log-label.ts';
import type { World } from '../../world.ts';
import { type LineFilter, type LogLine, logLine } from './filter.ts';

export interface LogPrint {
  readonly host: Host;
  readonly run: { readonly dir: string };
  readonly outline: Outline | undefined;
  /** Which logs; `only`: there is no other log of the run. */
  readonly wanted: (log: LogFile, only: boolean) => boolean;
  /** Makes the filter of one log's lines; absent where all are printed. */
  readonly filter: ((begun: number) => LineFilter) | undefined;
  /** Milliseconds: the time of lines of which nothing better is known. */
  readonly begun: number;
  readonly json: boolean;
}

/** Lines that are kept while the last ones are looked for. */
interface Waiting {
  readonly most: number;
  readonly lines: LogLine[];
}

/** Prints the logs of a run, each from where it was left off. New logs join as they appear. */
export class LogPrinter {
  readonly #print: LogPrint;
  readonly #world: Pick<World, 'out' | 'color' | 'now'>;
  readonly #tails = new Map<string, LogTail>();
  readonly #filters = new Map<string, LineFilter>();
  #waiting: Map<string, Waiting> | undefined;
  #width = 0;

  constructor(print: LogPrint, world: Pick<World, 'out' | 'color' | 'now'>) {
    this.#print = print;
    this.#world = world;
  }

  /** Prints the last `lines` of each log that are wanted, or all; how many logs there are. */
  async start(lines: number | undefined): Promise<number> {
    const { host, filter, begun } = this.#print;
    const present = await this.#present();
    this.#width = Math.max(0, ...present.map((log) => labelOf(log).length));
    const found = await inGroups(present, async (log) => {
      const last = lines !== undefined && filter === undefined ? lines : undefined;
      this.#tail(log, last === undefined ? 0 : await tailOffset(host, log.path, last));
      return (await host.read(log.path, 0, 0)) !== undefined;
    });
    for (const log of present) {
      if (filter) this.#filters.set(log.path, filter(begun));
      const waiting = filter && lines !== undefined ? { most: lines, lines: [] } : undefined;
      if (waiting) this.#waiting = new Map([[log.path, waiting]]);
      await this.#tail(log, 0).read((said) => this.#show(log, said));
      this.#waiting = undefined;
      if (waiting) this.#write(log, waiting.lines);
    }
    return found.filter(Boolean).length;
  }

  /** Prints what has come since; how many logs there are. */
  async readOn(): Promise<number> {
    const present = await this.#present();
    await inGroups(present, (log) => this.#tail(log, 0).read((said) => this.#show(log, said)));
    return present.length;
  }

  finish(): void {
    for (const tail of this.#tails.values()) tail.finish((said) => this.#show(tail.log, said));
  }

  #tail(log: LogFile, offset: number): LogTail {
    const known = this.#tails.get(log.path);
    if (known) return known;
    const tail = new LogTail(this.#print.host, log, offset);
    this.#tails.set(log.path, tail);
    return tail;
  }

  async #present(): Promise<readonly LogFile[]> {
    const { host, run, outline, wanted } = this.#print;
    const all = await listLogs(host, run, outline);
    return all.filter((log) => wanted(log, all.length === 1));
  }

  #show(log: LogFile, said: readonly string[]): void {
    if (said.length === 0) return;
    const { filter, json } = this.#print;
    if (filter === undefined) {
      this.#write(log, json ? said.map(logLine) : said.map((text) => ({ text })));
      return;
    }
    let passes = this.#filters.get(log.path);
    if (passes === undefined) {
      // A log that appears while others are followed is as new as now.
      passes = filter(this.#world.now().getTime());
      this.#filters.set(log.path, passes);
    }
    const shown = said.map(logLine).filter(passes);
    const waiting = this.#waiting?.get(log.path);
    if (waiting === undefined) this.#write(log, shown);
    else {
      waiting.lines.push(...shown);
      waiting.lines.splice(0, waiting.lines.length - waiting.most);
    }
  }

  #write(log: LogFile, lines: readonly LogLine[]): void {
    if (lines.length === 0) return;
    const { out, color } = this.#world;
    if (this.#print.json) {
      out.write(lines.map((line) => `${JSON.stringify(lineJson(log, line))}\n`).join(''));
      return;
    }
    const label = labelOf(log);
    this.#width = Math.max(this.#width, label.length);
    const shown = paintedLabel(label.padEnd(this.#width), log.step, color);
    out.write(lines.map(({ text }) => `${shown} │ ${text}\n`).join(''));
  }
}

/** Absent is the time of a line that has none; one without a zone stays without. */
function lineJson({ step, node }: LogFile, { text, time, zoneless }: LogLine): object {
  const stamp = time === undefined ? undefined : new Date(time).toISOString();
  return {
    ...(stamp !== undefined && { time: zoneless ? stamp.slice(0, -1) : stamp }),
    step,
    ...(node !== '' && { node }),
    line: text,
  };
}
