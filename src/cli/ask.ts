import type process from 'node:process';
import { DynSlurmError } from '../errors.ts';
import { onAbort } from '../host/on-abort.ts';
import { terminalText } from '../host/terminal-text.ts';

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
