import { terminalText } from '../host/terminal-text.ts';
import { wrapped } from './wrap.ts';

/** A destination for text. */
export interface Sink {
  /** Text that may hold anything: what a terminal would obey but for colors does not reach it. */
  write(text: string): void;
  /** What moves the cursor; whatever it holds of others has to be plain. Absent where nothing is drawn. */
  draw?(text: string): void;
}

/** Talk is broken between words where a terminal would break it within. */
export function wrappingSink(stream: NodeJS.WriteStream): Sink {
  return {
    write: (text) => {
      const safe = terminalText(text, stream.isTTY === true);
      stream.write(stream.isTTY ? wrapped(safe, stream.columns || 80) : safe);
    },
    draw: (text) => void stream.write(text),
  };
}

export function safeSink(stream: NodeJS.WriteStream, colors: boolean): Sink {
  return {
    write: (text) => void stream.write(terminalText(text, colors)),
    draw: (text) => void stream.write(text),
  };
}

/** Writes what moves the cursor; a sink that keeps text for a test has no other way than to write it. */
export function draw(out: Sink, text: string): void {
  if (out.draw) out.draw(text);
  else out.write(text);
}

/** What --json prints of a whole result: indented, for people read it too. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** What --json prints where results come one after the other: one a line. */
export const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`;
