import type { Signature } from '../causes/signature.ts';
import type { BatchLine } from '../engines/dialect.ts';
import { FileCursor } from '../host/cursor.ts';
import type { Host } from '../host/host.ts';
import { plainText } from '../host/plain-text.ts';
import { adviceOn } from './advice.ts';
import type { LogFile } from './log-file.ts';
import { LogScanner } from './log-scanner.ts';
import { type StageLimits, StartStages } from './start-stages.ts';

/** A signature in a log, and its line. */
export interface FoundSignature {
  readonly signature: Signature;
  /** Plain text, at most LONGEST_LINE characters. */
  readonly line: string;
  readonly advice: string;
}

const LONGEST_LINE = 500;

/** Reads one log on, and keeps what signatures it has had since it was asked last. Keeps no file open between the reads. */
export class WorkerLog {
  readonly log: LogFile;
  readonly stages: StartStages;
  readonly #cursor: FileCursor;
  readonly #scanner: LogScanner;
  readonly #told = new Set<string>();
  #signatures: FoundSignature[] = [];
  #now = 0;

  /** `onBatch` gets batch lines at once: a log may have millions. */
  constructor(
    host: Host,
    log: LogFile,
    offset = 0,
    onBatch: (line: BatchLine) => void = () => {},
    limits?: StageLimits,
  ) {
    this.log = log;
    this.stages = new StartStages(limits);
    this.#cursor = new FileCursor(host.read, log.path, offset);
    this.#scanner = new LogScanner({
      engine: (line) => {
        if (line.kind === 'stage') this.stages.hear(line, this.#now);
        else if (line.kind === 'kernels') this.stages.find(line.kernels);
        else {
          this.stages.serves();
          onBatch(line);
        }
      },
      signature: (signature, text) => this.#find(signature, text),
    });
  }

  /** `now`: milliseconds. At most `most` bytes are read; whether there may be more. */
  async read(now: number, most = Number.POSITIVE_INFINITY): Promise<boolean> {
    this.#now = now;
    for (let read = 0; read < most; ) {
      const growth = await this.#cursor.next();
      if (growth === undefined) return false;
      if (growth.restarted) this.#scanner.end();
      this.#scanner.push(growth.bytes);
      read += growth.bytes.length;
    }
    return true;
  }

  /** The log will not grow any more. */
  end(): void {
    this.#scanner.end();
  }

  /** Signatures since the last call, each once in the life of the log. */
  takeSignatures(): readonly FoundSignature[] {
    const found = this.#signatures;
    this.#signatures = [];
    return found;
  }

  #find(signature: Signature, text: string): void {
    if (this.#told.has(signature.name)) return;
    this.#told.add(signature.name);
    const line = plainText(text).trim().slice(0, LONGEST_LINE);
    this.#signatures.push({ signature, line, advice: adviceOn(signature, line, this.log.node) });
  }
}
