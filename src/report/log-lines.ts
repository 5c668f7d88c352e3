import { FileCursor } from '../host/cursor.ts';
import type { Host } from '../host/host.ts';
import type { SglangLine } from '../observe/log-scanner.ts';
import { LogScanner } from '../observe/log-scanner.ts';

/** `time`: milliseconds, on the log's own clock; of a line without a stamp that of the one before. */
export type TimedLine = SglangLine & { readonly time: number };

/** The lines that count in one log, in their order; only those of one chunk are in memory. */
export class LogLines {
  readonly #cursor: FileCursor;
  readonly #scanner: LogScanner;
  #lines: TimedLine[] = [];
  #at = 0;
  #time: number | undefined;
  #over = false;

  /** `offset`: bytes. */
  constructor(host: Host, path: string, offset = 0) {
    this.#cursor = new FileCursor(host.read, path, offset);
    this.#scanner = new LogScanner({ sglang: (line) => this.#take(line), signature: () => {} });
  }

  /** The line that is next, of those that were read. */
  get head(): TimedLine | undefined {
    return this.#lines[this.#at];
  }

  /** Whether there is nothing more to read. */
  get over(): boolean {
    return this.#over;
  }

  skip(): void {
    this.#at++;
  }

  /** Reads on until there is a head, or the log is over. */
  async fill(): Promise<void> {
    if (this.head) return;
    this.#lines = [];
    this.#at = 0;
    while (this.#lines.length === 0 && !this.#over) {
      const growth = await this.#cursor.next();
      if (growth === undefined || growth.restarted) this.#scanner.end();
      if (growth === undefined) this.#over = true;
      else this.#scanner.push(growth.bytes);
    }
  }

  #take(line: SglangLine): void {
    this.#time = line.time ?? this.#time;
    if (this.#time !== undefined) this.#lines.push({ ...line, time: this.#time });
  }
}
