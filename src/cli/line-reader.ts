import type process from 'node:process';
import type { Interface } from 'node:readline';

/** Reads lines that a person types, with editing, a history, and completion by the tab key. */
export interface LineReader {
  /** The next line; undefined at the end of input. Ctrl-C empties the line. */
  read(prompt: string): Promise<string | undefined>;
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
  return ({ history, complete }) => ({
    // Between two lines the terminal belongs to what they start.
    async read(prompt) {
      const { createInterface } = await import('node:readline');
      const lines = createInterface({
        input: stdin,
        output: stdout,
        terminal: true,
        history: [...history],
        historySize: MOST_HISTORY,
        removeHistoryDuplicates: true,
        completer: (line: string) => completion(line, complete(line)),
      });
      const line = await readOne(lines, prompt);
      if (line?.trim() && history[0] !== line) history.unshift(line);
      return line;
    },
  });
}

const MOST_HISTORY = 500;

function readOne(lines: Interface, prompt: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    lines.setPrompt(prompt);
    lines.on('line', (line) => {
      resolve(line);
      lines.close();
    });
    // Too late to say anything after a line.
    lines.on('close', () => resolve(undefined));
    // The terminal is in raw mode: what would be a signal is a key.
    lines.on('SIGINT', () => {
      lines.write(null, { ctrl: true, name: 'e' });
      lines.write(null, { ctrl: true, name: 'u' });
    });
    lines.prompt();
  });
}

/** readline's own form: the words that fit, and what they replace. */
function completion(line: string, words: readonly string[]): [string[], string] {
  const [typed = ''] = /\S*$/.exec(line) ?? [];
  return [words.filter((word) => word.startsWith(typed)).map((word) => `${word} `), typed];
}
