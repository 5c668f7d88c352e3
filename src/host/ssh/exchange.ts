/** What a program left: its output, the notes in it, and how it ended (128 + n by signal n). */
export interface Answer {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly notes: readonly string[];
  readonly status: number;
  /** Output went past the limit, and was cut off. */
  readonly tooMuch: boolean;
}

/** The connection ended before the answer came; the program may have run. */
export class ConnectionLost extends Error {}

const MOST_OUTPUT = 64 * 1024 * 1024;
/** Exit status of a program killed by SIGTERM, as a shell reports it. */
const ENDED = 128 + 15;

/** One program sent to a remote shell, and its answer, put together as it comes. */
export class Exchange {
  readonly answer: Promise<Answer>;
  /** It may take its time: nothing else should wait behind it. */
  readonly long: boolean;
  /** The pid of the shell that runs it. */
  readonly shell: number;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #notes: string[] = [];
  #size = 0;
  #inErrors = false;
  #resolve: (answer: Answer) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(shell: number, long: boolean) {
    this.shell = shell;
    this.long = long;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  bytes(bytes: Buffer): void {
    this.#size += bytes.length;
    if (this.#size <= MOST_OUTPUT) (this.#inErrors ? this.#stderr : this.#stdout).push(bytes);
  }

  /** True once the answer is whole. */
  mark(mark: string): boolean {
    if (mark.startsWith('! ')) this.#notes.push(mark.slice(2));
    else if (mark === 'e') this.#inErrors = true;
    else if (mark === '.' || mark.startsWith('=')) {
      this.#end(mark === '.' ? ENDED : Number(mark.slice(1)));
      return true;
    }
    return false;
  }

  lose(reason: string): void {
    this.#reject(new ConnectionLost(reason));
  }

  #end(status: number): void {
    const stderr = Buffer.concat(this.#stderr).toString('utf8');
    this.#resolve({
      stdout: Buffer.concat(this.#stdout),
      // The shell drops line breaks at the end.
      stderr: stderr === '' ? '' : `${stderr}\n`,
      notes: this.#notes,
      status,
      tooMuch: this.#size > MOST_OUTPUT,
    });
  }
}
