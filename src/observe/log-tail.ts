import { FileCursor } from '../host/cursor.ts';
import type { Host } from '../host/host.ts';
import { LineSplitter } from '../host/line-splitter.ts';
import { plainText } from '../host/plain-text.ts';
import type { LogFile } from './log-file.ts';

/** Reads a log on from an offset, as lines that are fit for a terminal. Keeps no file open between the reads. */
export class LogTail {
  readonly log: LogFile;
  readonly #cursor: FileCursor;
  readonly #lines = new LineSplitter();

  constructor(host: Host, log: LogFile, offset = 0) {
    this.log = log;
    this.#cursor = new FileCursor(host.read, log.path, offset);
  }

  /** All whole lines that have come since; `onLines` gets them in portions. */
  async read(onLines: (lines: readonly string[]) => void): Promise<void> {
    for (let growth = await this.#cursor.next(); growth; growth = await this.#cursor.next()) {
      if (growth.restarted) this.finish(onLines);
      onLines(this.#lines.push(growth.bytes).map(logLine));
    }
  }

  /** A last line without its line break. */
  finish(onLines: (lines: readonly string[]) => void): void {
    const rest = this.#lines.end();
    if (rest !== undefined) onLines([logLine(rest)]);
  }
}

/** Progress bars draw over themselves with carriage returns: what counts is the last state. */
function logLine(line: string): string {
  const drawn = line.split('\r').filter((state) => state !== '');
  return plainText(drawn.at(-1) ?? '');
}
