import type process from 'node:process';
import type { Interface } from 'node:readline';
import { DynSlurmError } from '../errors.ts';
import { onAbort } from '../host/on-abort.ts';
import { terminalText } from '../host/terminal-text.ts';
import type { Sink } from './sink.ts';

/** Asks the person at the terminal; without `echo` the answer is not shown. Rejects with `interrupted`. */
export type Ask = (question: string, options: { readonly echo: boolean }) => Promise<string>;

/** Undefined where nobody sits at a terminal: nothing ever waits for an answer that cannot come. */
export function askAt(proc: typeof process, signal: AbortSignal): Ask | undefined {
  const { stdin, stderr } = proc;
  if (!stdin.isTTY || !stderr.isTTY) return undefined;
  let last: Promise<unknown> = Promise.resolve();
  return (question, { echo }) => {
    const answer = last.then(() => ask(question, echo));
    last = answer.catch(() => {});
    return answer;
  };

  async function ask(question: string, echo: boolean): Promise<string> {
    const [{ createInterface }, { Writable }] = await Promise.all([
      import('node:readline'),
      import('node:stream'),
    ]);
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input: stdin, output: echo ? stderr : nowhere, terminal: true });
    // Only now does the terminal itself show no keys any more.
    stderr.write(terminalText(question, false));
    let forget = () => {};
    try {
      return await new Promise<string>((resolve, reject) => {
        const stop = () => reject(new DynSlurmError('interrupted', 'interrupted while asking'));
        // The terminal is in raw mode: what would be a signal is a key.
        lines.on('SIGINT', () => proc.kill(proc.pid, 'SIGINT'));
        lines.on('close', stop);
        lines.on('line', resolve);
        forget = onAbort(signal, stop);
      });
    } finally {
      forget();
      // Whoever else listens for the end takes its ears off the terminal then.
      lines.close();
      if (!echo) stderr.write('\n');
    }
  }
}

/** Reads lines that a person types, with editing, a history, and completion by the tab key. */
export interface LineReader {
  /** The next line; undefined at the end of input, or on the abort. Ctrl-C empties the line. */
  read(prompt: string, signal: AbortSignal): Promise<string | undefined>;
  /** Shows whole lines above the one that is being typed, if any. */
  say(text: string): void;
}

export interface LineReading {
  /** Newest first; what is read is put before. */
  readonly history: string[];
  /** All that may stand instead of the word that a line ends with. */
  complete(line: string): readonly string[];
}

export type ReadLines = (reading: LineReading) => LineReader;

/** Undefined where nobody sits at a terminal. */
export function lineReaderAt({ stdin, stdout }: typeof process): ReadLines | undefined {
  if (!stdin.isTTY || !stdout.isTTY) return undefined;
  return ({ history, complete }) => {
    // Between two lines the terminal belongs to what they start.
    let typed: Interface | undefined;
    return {
      async read(prompt, signal) {
        const { createInterface } = await import('node:readline');
        typed = createInterface({
          input: stdin,
          output: stdout,
          terminal: true,
          history: [...history],
          historySize: MOST_HISTORY,
          removeHistoryDuplicates: true,
          completer: (line: string) => completion(line, complete(line)),
        });
        const line = await readOne(typed, prompt, signal, stdout);
        typed = undefined;
        if (line?.trim() && history[0] !== line) history.unshift(line);
        return line;
      },
      say(text) {
        if (typed) sayAbove(typed, text, stdout);
        else stdout.write(text);
      },
    };
  };
}

const MOST_HISTORY = 500;

function readOne(
  lines: Interface,
  prompt: string,
  signal: AbortSignal,
  output: Sink,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const stop = () => {
      // What comes next begins on a line of its own.
      output.write('\n');
      lines.close();
    };
    let forget = () => {};
    lines.setPrompt(prompt);
    lines.on('line', (line) => {
      resolve(line);
      lines.close();
    });
    lines.on('close', () => {
      forget();
      // Too late to say anything after a line.
      resolve(undefined);
    });
    // The terminal is in raw mode: what would be a signal is a key.
    lines.on('SIGINT', () => {
      lines.write(null, { ctrl: true, name: 'e' });
      lines.write(null, { ctrl: true, name: 'u' });
    });
    lines.prompt();
    forget = onAbort(signal, stop);
  });
}

/** The rows down to the cursor's are those that readline goes up again to draw what is typed. */
function sayAbove(lines: Interface, text: string, output: Sink): void {
  const { rows } = lines.getCursorPos();
  const up = rows > 0 ? `\u001b[${rows}A` : '';
  output.write(`${up}\r\u001b[J${text}${'\n'.repeat(rows)}`);
  lines.prompt(true);
}

/** readline's own form: the words that fit, and what they replace. */
function completion(line: string, words: readonly string[]): [string[], string] {
  const [typed = ''] = /\S*$/.exec(line) ?? [];
  return [words.filter((word) => word.startsWith(typed)).map((word) => `${word} `), typed];
}
