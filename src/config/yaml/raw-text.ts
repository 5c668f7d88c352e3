import type { Fault } from './problem.ts';

/** What is wrong with a stretch of a file's text, by its offsets. */
export interface TextFault extends Fault {
  readonly start: number;
  readonly end: number;
}

/** Characters; a config has a few thousand. Reading time grows with it: about a second at this size at worst. */
const LARGEST_FILE = 256 * 1024;

const MOST_FAULTS = 10;

/** NUL and other control characters that YAML does not allow, a lone carriage return, and bytes that are not UTF-8. */
const UNREADABLE =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff\ufffd\ufeff]|\r(?!\n)/g;

/** What keeps a text from being read at all. `text` comes without its byte order mark. */
export function textFaults(text: string): readonly TextFault[] {
  if (text.length > LARGEST_FILE) return [tooLarge(text.length)];
  // A reader that takes UTF-16 for UTF-8 sees a NUL beside each letter, after two bytes of a mark that it cannot read.
  if (/^(\ufffd\ufffd)?(\u0000[^\u0000]|[^\u0000]\u0000)/.test(text)) {
    return [{ start: 0, end: 1, message: 'the file is UTF-16', hint: 'save it as UTF-8' }];
  }
  const faults: TextFault[] = [];
  let lastLine: number | undefined;
  for (const match of text.matchAll(UNREADABLE)) {
    const line = text.lastIndexOf('\n', match.index);
    if (line === lastLine) continue;
    lastLine = line;
    faults.push(fault(match.index, match[0]));
    if (faults.length === MOST_FAULTS) break;
  }
  return faults;
}

function tooLarge(length: number): TextFault {
  const size = (length / 1024 / 1024).toFixed(1);
  const limit = `${LARGEST_FILE / 1024} KB`;
  return { start: 0, end: 1, message: `the file is ${size} MB; the limit is ${limit}` };
}

function fault(start: number, character: string): TextFault {
  const end = start + 1;
  if (character === '\r') {
    return {
      start,
      end,
      message: 'a carriage return without a line feed',
      hint: 'end lines with LF or CRLF',
    };
  }
  if (character === '\ufeff') {
    return { start, end, message: 'a byte order mark inside the file', hint: 'delete this character' };
  }
  if (character === '\ufffd') {
    return { start, end, message: 'this byte is not UTF-8', hint: 'save the file as UTF-8' };
  }
  const code = character.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase();
  const name = character === '\u0000' ? 'a NUL byte' : `the control character U+${code}`;
  return { start, end, message: `${name} is not allowed in a text file`, hint: 'delete it' };
}
