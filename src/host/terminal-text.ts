import { shownText } from './plain-text.ts';

/** Controls but for tab and line break, and the marks that turn the direction of text. */
const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
/** A code that sets colors. */
const COLORS = /(\u001b\[[\d;]{0,16}m)/;

/**
 * Any text, fit for a terminal. Whatever a run folder, a cluster or a config brought into it, it moves no cursor, sets no
 * title and turns no direction: escape sequences are dropped, other controls are written as `\u009b`, which inside JSON
 * stands for the same character. `colors`: leave colors as they are.
 */
export function terminalText(text: string, colors: boolean): string {
  if (!HARMFUL.test(text)) return text;
  return text
    .split('\n')
    .map((line) => (HARMFUL.test(line) ? safeLine(line, colors) : line))
    .join('\n');
}

function safeLine(text: string, colors: boolean): string {
  // First of all: in JSON they may be data, where an escape sequence of 7 bits is none.
  const line = text.replace(/[\u0080-\u009f]/g, escaped);
  if (!colors) return shownText(line, escaped);
  return line
    .split(COLORS)
    .map((part, index) => (index % 2 === 1 ? part : shownText(part, escaped)))
    .join('');
}

const escaped = (control: string): string => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
