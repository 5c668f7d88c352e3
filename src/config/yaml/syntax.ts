import { type Document, type ErrorCode, isCollection, isScalar, visit } from 'yaml';
import type { Fault } from './problem.ts';
import type { TextFault } from './raw-text.ts';

const MOST_FAULTS = 20;
/** Errors that are read of one text. A text that is not YAML at all, such as 100,000 brackets, has too many. */
const MOST_ERRORS = 200;

const QUOTES = 'put the value in quotes if it is text';
const KEY = 'write "key: value", with a space after the colon; a value that contains ": " needs quotes';
const COLUMN =
  'the keys of one map start in the same column, and so do the items of one list, each after "- "';

/** What to do about an error of the parser, where its own words do not say. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: QUOTES,
  BAD_DQ_ESCAPE: 'write "\\\\" for a backslash, or use single quotes',
  BAD_INDENT: COLUMN,
  BAD_SCALAR_START: QUOTES,
  BLOCK_IN_FLOW: 'inside [ ] and { } a comma separates the values',
  MULTILINE_IMPLICIT_KEY: KEY,
  TAB_AS_INDENT: 'write spaces instead',
  UNEXPECTED_TOKEN: QUOTES,
};

/** The parser's errors in its own words, the first of each line: what follows it there only comes from it. */
export function syntaxFaults(document: Document.Parsed, text: string): readonly TextFault[] {
  const faults = new Map<number, TextFault>();
  for (const { code, message, pos } of document.errors.slice(0, MOST_ERRORS)) {
    if (code === 'TAG_RESOLVE_FAILED') continue;
    const fault = /closing|end with/.test(message)
      ? unclosed(pos[0], text, document)
      : { start: pos[0] + indent(text, pos[0]), end: pos[1], ...described(code, message) };
    const line = fault.start === 0 ? -1 : text.lastIndexOf('\n', fault.start - 1);
    if (!faults.has(line)) faults.set(line, fault);
    if (faults.size === MOST_FAULTS) break;
  }
  return [...faults.values()];
}

/** Blanks before what is meant: some errors are those of a whole line. */
const indent = (text: string, start: number): number =>
  /^ */.exec(text.slice(start, start + 64))?.[0].length ?? 0;

function described(code: ErrorCode, said: string): Fault {
  const message = `${said.charAt(0).toLowerCase()}${said.slice(1)}`;
  if (said.startsWith('A block sequence')) return { message, hint: COLUMN };
  if (/^(Nested mappings|Implicit map keys)/.test(said)) return { message, hint: KEY };
  const hint = HINTS[code];
  return { message, ...(hint && { hint }) };
}

const CLOSING: Readonly<Record<string, string>> = { '"': '"', "'": "'", '[': ']', '{': '}' };

/** Points at the quote or bracket that was opened, not at the end of the file where its end was missed. */
function unclosed(position: number, text: string, document: Document.Parsed): TextFault {
  let start = Math.min(position, text.length - 1);
  visit(document, (_key, node) => {
    if (!(isScalar(node) || isCollection(node)) || !node.range) return;
    const [from, to] = node.range;
    const closing = CLOSING[text[from] ?? ''];
    if (closing !== undefined && from < position && (text[to - 1] !== closing || to - 1 === from))
      start = from;
  });
  const mark = text[start] ?? '';
  const closing = CLOSING[mark];
  if (closing === undefined) return { start, end: start + 1, message: 'a quote or bracket is not closed' };
  const what = mark === closing ? 'quote' : 'bracket';
  return { start, end: start + 1, message: `this ${what} is not closed`, hint: `end it with ${closing}` };
}
