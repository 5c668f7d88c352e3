import { type Document, isCollection, isScalar, visit, type YAMLError } from 'yaml';

/** A place where the text is not YAML. */
export interface SyntaxFault {
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly hint?: string;
}

const MOST_FAULTS = 20;
/** Errors that are read of one text. A text that is not YAML at all, such as 100,000 brackets, has too many. */
const MOST_ERRORS = 200;

/** The parser's errors in plain words, the first of each line: what follows it there only comes from it. */
export function syntaxFaults(document: Document.Parsed, text: string): readonly SyntaxFault[] {
  const faults = new Map<number, SyntaxFault>();
  for (const error of document.errors.slice(0, MOST_ERRORS)) {
    if (error.code === 'TAG_RESOLVE_FAILED') continue;
    const fault = describe(error, text, document);
    const { start } = lineAround(text, fault.start);
    if (!faults.has(start)) faults.set(start, fault);
    if (faults.size === MOST_FAULTS) break;
  }
  return [...faults.values()];
}

function describe(error: YAMLError, text: string, document: Document.Parsed): SyntaxFault {
  const [start, end] = error.pos;
  const line = lineAround(text, start);
  const here = (message: string, hint?: string): SyntaxFault => ({
    start,
    end,
    message,
    ...(hint && { hint }),
  });
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return {
        ...here('a tab cannot be used for indentation', 'write spaces instead'),
        end: start + tabs(text, start),
      };
    case 'BAD_INDENT':
      if (/^Flow/.test(error.message)) return unclosed(start, text, document);
      return indent(line, /sequence/.test(error.message) ? 'item' : 'key');
    case 'MISSING_CHAR':
      return missing(error, text, document);
    case 'MULTILINE_IMPLICIT_KEY':
    case 'BLOCK_AS_IMPLICIT_KEY':
      return misplaced(line, start, text);
    case 'BAD_SCALAR_START':
      return here(`a value cannot start with ${JSON.stringify(text[start])}`, 'put the value in quotes');
    case 'BAD_ALIAS':
      return here('"*" and "&" mark anchors and need a name', 'put the value in quotes if it is text');
    case 'BAD_DQ_ESCAPE':
      return here('this is no escape in double quotes', 'write "\\\\" for a backslash, or use single quotes');
    case 'KEY_OVER_1024_CHARS':
      return here('a key may have at most 1024 characters');
    case 'BLOCK_IN_FLOW':
      return here('inside [ ] and { } a comma separates the values');
    case 'ALIAS_PROPS':
    case 'BAD_PROP_ORDER':
    case 'MULTIPLE_ANCHORS':
    case 'MULTIPLE_TAGS':
      return here('a value takes one anchor (&name) at most, written right before it');
    default:
      if (text.startsWith('- ', start)) return here(LIST_ON_KEY);
      return here(unexpected(text.slice(start, end)), 'put the value in quotes if it is text');
  }
}

function missing(error: YAMLError, text: string, document: Document.Parsed): SyntaxFault {
  const [start, end] = error.pos;
  const { message } = error;
  if (/closing|end with/.test(message)) return unclosed(start, text, document);
  if (/space after :/.test(message)) return { start, end, message: 'a space is missing after ":"' };
  if (/^Missing ,/.test(message)) return { start, end, message: 'a comma is missing before this' };
  if (/^Comments/.test(message)) return { start, end, message: 'a space is missing before "#"' };
  if (/white space/.test(message)) return { start, end, message: 'a space is missing here' };
  if (/^Sequence item/.test(message)) return indent(lineAround(text, start), 'item');
  return misplaced(lineAround(text, start), start, text);
}

const LIST_ON_KEY = 'a list starts on a line of its own, below its key';
const NO_KEY = 'this line is no "key: value"';
const KEY_HINT = 'write ": " after the key, or indent the line to go on with the text above';

/** The parser takes what it cannot split for one long key; which of three slips it was shows in the text. */
function misplaced(line: Line, start: number, text: string): SyntaxFault {
  const glued = /^(\s*(?:- )?[\w.-]+):(?=[^\s:/])/.exec(line.text);
  if (glued) {
    const colon = line.start + (glued[1] ?? '').length;
    return { start: colon, end: colon + 1, message: 'a space is missing after ":"' };
  }
  if (/^\s*- /.test(line.text)) return indent(line, 'item');
  const rest = text.slice(start, line.end);
  if (/^- /.test(rest)) return { start, end: start + 1, message: LIST_ON_KEY };
  const colon = /:(\s|$)/.exec(rest);
  if (colon && start > line.start + line.indent) {
    const at = start + colon.index;
    return {
      start: at,
      end: at + 1,
      message: 'this line has a second ": "',
      hint: 'put the value in quotes',
    };
  }
  const next = lineAround(text, Math.min(line.end + 1, text.length));
  if (next.start > line.start && next.indent > line.indent && start > line.start + line.indent) {
    return indent(next, 'key');
  }
  return { ...wholeLine(line), message: NO_KEY, hint: KEY_HINT };
}

function indent(line: Line, what: 'key' | 'item'): SyntaxFault {
  const neighbours = what === 'key' ? 'the keys around it' : 'the other items of its list';
  const hint =
    what === 'key'
      ? 'keys of one map start in the same column'
      : 'write "- " in the same column for each item';
  return { ...wholeLine(line), message: `this line is not in line with ${neighbours}`, hint };
}

/** Points at the quote or bracket that was opened, not at the end of the file where its end was missed. */
function unclosed(position: number, text: string, document: Document.Parsed): SyntaxFault {
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

const CLOSING: Readonly<Record<string, string>> = { '"': '"', "'": "'", '[': ']', '{': '}' };

function unexpected(source: string): string {
  const token = source.trim();
  return token === ''
    ? 'something is missing here'
    : `${JSON.stringify(token.slice(0, 20))} is not expected here`;
}

interface Line {
  readonly start: number;
  readonly end: number;
  readonly indent: number;
  readonly text: string;
}

function lineAround(text: string, position: number): Line {
  const start = position === 0 ? 0 : text.lastIndexOf('\n', position - 1) + 1;
  const newline = text.indexOf('\n', start);
  const whole = text.slice(start, newline === -1 ? text.length : newline).replace(/\r$/, '');
  return { start, end: start + whole.length, indent: whole.search(/\S|$/), text: whole };
}

function wholeLine({ start, end, indent }: Line): { readonly start: number; readonly end: number } {
  return { start: start + indent, end };
}

function tabs(text: string, start: number): number {
  return /^\t*/.exec(text.slice(start, start + 64))?.[0].length ?? 1;
}
