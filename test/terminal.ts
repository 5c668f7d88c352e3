import { spawn } from 'node:child_process';

/** A command at a terminal, and somebody who sits there. */
export class Terminal {
  /** With its code. */
  readonly ended: Promise<number>;
  readonly #write: (text: string) => void;
  #text = '';
  #heard = 0;
  #over = false;
  #tell = () => {};

  /** `enter` makes a command of one that is to run somewhere else. */
  constructor(
    argv: readonly string[],
    {
      env,
      enter = (words) => words,
    }: {
      readonly env?: Readonly<Record<string, string | undefined>>;
      readonly enter?: (words: readonly string[]) => readonly string[];
    },
  ) {
    const command = argv.map((word) => `'${word}'`).join(' ');
    // `script` gives it to the shell of SHELL, and dash, which stays, ends by the Ctrl-C that the command has survived.
    const [file = '', ...words] = enter(['script', '-qefc', `exec ${command}`, '/dev/null']);
    const child = spawn(file, words, { stdio: ['pipe', 'pipe', 'ignore'], ...(env && { env }) });
    this.#write = (text) => child.stdin.write(text);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      this.#tell();
    });
    this.ended = new Promise((resolve) => {
      child.on('close', (code) => {
        this.#over = true;
        this.#tell();
        resolve(code ?? 128 + 9);
      });
    });
  }

  /** All that was printed, without what moves the cursor and colors. */
  get text(): string {
    return this.#text.replace(CONTROLS, '');
  }

  type(line: string): void {
    this.#write(`${line}\r`);
  }

  /** Keys as they are. */
  press(keys: string): void {
    this.#write(keys);
  }

  /** Waits until what was printed since the last time fits; rejects with all of it after four minutes. */
  async says(pattern: RegExp): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#tell();
    }, 240_000);
    try {
      while (!this.#found(pattern)) {
        if (this.#over || late) throw new Error(`no ${pattern} in:\n${this.text}`);
        await new Promise<void>((resolve) => {
          this.#tell = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #found(pattern: RegExp): boolean {
    const found = pattern.exec(this.text.slice(this.#heard));
    if (found) this.#heard += found.index + found[0].length;
    return found !== null;
  }
}

const CONTROLS = /\u001b\[[\d;?]*[A-Za-z]|\r/g;
