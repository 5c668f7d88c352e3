import type { Host } from '../../../host/host.ts';
import { inGroups } from '../../../observe/in-groups.ts';
import { type LogFile, listLogs, tailOffset } from '../../../observe/log-file.ts';
import { LogTail } from '../../../observe/log-tail.ts';
import type { Outline } from '../../../run/plan-file.ts';
import { jsonLine } from '../../sink.ts';
import { labelOf, paintedLabel } from '../../views/log-label.ts';
import type { World } from '../../world.ts';
import { type LineFilter, type LogLine, logLine } from './filter.ts';

interface LogPrint {
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

export type LogPrinter = ReturnType<typeof logPrinter>;

/** Prints the logs of a run, each from where it was left off. New logs join as they appear. */
export function logPrinter(
  { host, run, outline, wanted, filter, begun, json }: LogPrint,
  { out, color, now }: Pick<World, 'out' | 'color' | 'now'>,
) {
  const open = new Map<string, { readonly tail: LogTail; readonly passes: LineFilter | undefined }>();
  let width = 0;

  const present = async (): Promise<readonly LogFile[]> => {
    const all = await listLogs(host, run, outline);
    return all.filter((log) => wanted(log, all.length === 1));
  };
  /** A log that appears while others are followed is as new as now. */
  const opened = (log: LogFile, offset = 0, since = now().getTime()) => {
    const known = open.get(log.path) ?? { tail: new LogTail(host, log, offset), passes: filter?.(since) };
    open.set(log.path, known);
    return known;
  };
  const passing = (said: readonly string[], passes: LineFilter | undefined): readonly LogLine[] => {
    if (passes) return said.map(logLine).filter(passes);
    return json ? said.map(logLine) : said.map((text) => ({ text }));
  };
  const write = (log: LogFile, lines: readonly LogLine[]): void => {
    if (lines.length === 0) return;
    const label = labelOf(log);
    width = Math.max(width, label.length);
    const shown = paintedLabel(label.padEnd(width), log.step, color);
    const text = (line: LogLine) => (json ? jsonLine(lineJson(log, line)) : `${shown} │ ${line.text}\n`);
    out.write(lines.map(text).join(''));
  };
  const readOn = (log: LogFile): Promise<void> => {
    const { tail, passes } = opened(log);
    return tail.read((said) => write(log, passing(said, passes)));
  };

  return {
    /** Prints the last `lines` of each log that are wanted, or all; how many logs there are. */
    async start(lines: number | undefined): Promise<number> {
      const logs = await present();
      width = Math.max(0, ...logs.map((log) => labelOf(log).length));
      const last = filter === undefined ? lines : undefined;
      const found = await inGroups(logs, async (log) => {
        opened(log, last === undefined ? 0 : await tailOffset(host, log.path, last), begun);
        return (await host.read(log.path, 0, 0)) !== undefined;
      });
      for (const log of logs) {
        if (filter === undefined || lines === undefined) {
          await readOn(log);
          continue;
        }
        const { tail, passes } = opened(log);
        const kept: LogLine[] = [];
        await tail.read((said) => {
          kept.push(...passing(said, passes));
          kept.splice(0, kept.length - lines);
        });
        write(log, kept);
      }
      return found.filter(Boolean).length;
    },
    /** Prints what has come since; how many logs there are. */
    async readOn(): Promise<number> {
      const logs = await present();
      await inGroups(logs, readOn);
      return logs.length;
    },
    finish(): void {
      for (const { tail, passes } of open.values())
        tail.finish((said) => write(tail.log, passing(said, passes)));
    },
  };
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
