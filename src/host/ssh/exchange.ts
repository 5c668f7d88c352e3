/** What a program left: its output, the notes between it, and how it ended (128 + n by signal n). */
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

/** One program sent to a remote shell, and its answer, put together as it comes. */
export class Exchange {
  readonly answer: Promise<Answer>;
  /** It may take its time: nothing else waits behind it. */
  readonly long: boolean;
  /** Its process group, once it runs. */
  group: number | undefined;
  readonly #stdout: Buffer[] = [];
  #stderr: Buffer[] = [];
  readonly #notes: string[] = [];
  #size = 0;
  #status: number | undefined;
  #heardAll = false;
  #resolve: (answer: Answer) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(long: boolean) {
    this.long = long;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get began(): boolean {
    return this.group !== undefined;
  }

  out(bytes: Buffer): void {
    this.#size += bytes.length;
    if (this.#size <= MOST_OUTPUT) this.#stdout.push(bytes);
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  end(status: number): void {
    this.#status = status;
    this.#settle();
  }

  err(bytes: Buffer): void {
    this.#stderr.push(bytes);
  }

  /** What came before is not the program's own. */
  errBegins(): void {
    this.#stderr = [];
  }

  errEnds(): void {
    this.#heardAll = true;
    this.#settle();
  }

  lose(reason: string): void {
    this.#reject(new ConnectionLost(reason));
  }

  /** The two streams come in any order: both must have ended. */
  #settle(): void {
    if (this.#status === undefined || !this.#heardAll) return;
    this.#resolve({
      stdout: Buffer.concat(this.#stdout),
      stderr: Buffer.concat(this.#stderr).toString('utf8'),
      notes: this.#notes,
      status: this.#status,
      tooMuch: this.#size > MOST_OUTPUT,
    });
  }
}
