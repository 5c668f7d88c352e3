import { Composer, type Document, type ErrorCode, isCollection, isScalar, Lexer, Parser, visit } from 'yaml';
import type { Fault } from './problem.ts';

/** What is wrong with a stretch of a file's text, by its offsets. */
export interface TextFault extends Fault {
  readonly start: number;
  readonly end: number;
}

/** Characters; a config has a few thousand. Reading time grows with it: about a second at this size at worst. */
export const LARGEST_FILE = 256 * 1024;

/** How deep maps and lists may lie in each other; a config needs seven. */
export const DEEPEST = 32;

/** Faults of a text that are reported; what follows in a text that is no YAML at all says nothing more. */
const MOST_FAULTS = 20;
const MOST_CHARACTERS = 10;
/** Errors that are read of one text. A text that is not YAML at all, such as 100,000 brackets, has too many. */
const MOST_ERRORS = 200;

/** NUL and other control characters that YAML does not allow, a lone carriage return, and bytes that are not UTF-8. */
const UNREADABLE =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff\ufffd\ufeff]|\r(?!\n)/g;

/** The first of each line: what follows it there only comes from it. */
function firstOfLines(faults: Iterable<TextFault>, text: string, most: number): readonly TextFault[] {
  const byLine = new Map<number, TextFault>();
  for (const fault of faults) {
    const line = fault.start === 0 ? -1 : text.lastIndexOf('\n', fault.start - 1);
    if (!byLine.has(line)) byLine.set(line, fault);
    if (byLine.size === most) break;
  }
  return [...byLine.values()];
}

/** What keeps a text from being read at all. */
function unreadable(text: string): readonly TextFault[] {
  if (text.length > LARGEST_FILE) {
    return [{ start: 0, end: 1, message: `the file is larger than the limit, ${LARGEST_FILE / 1024} KB` }];
  }
  // A reader that takes UTF-16 for UTF-8 sees a NUL beside each letter, after two bytes of a mark that it cannot read.
  if (/^(\ufffd\ufffd)?(\u0000[^\u0000]|[^\u0000]\u0000)/.test(text))
    return [{ start: 0, end: 1, message: 'the file is UTF-16', hint: 'save it as UTF-8' }];
  const found = Array.from(text.matchAll(UNREADABLE), ({ index, 0: character }) => {
    return { start: index, end: index + 1, ...characterFault(character) };
  });
  return firstOfLines(found, text, MOST_CHARACTERS);
}

const CHARACTERS: Readonly<Record<string, Fault>> = {
  '\r': { message: 'a carriage return without a line feed', hint: 'end lines with LF or CRLF' },
  '\ufeff': { message: 'a byte order mark inside the file', hint: 'delete this character' },
  '\ufffd': { message: 'this byte is not UTF-8', hint: 'save the file as UTF-8' },
  '\u0000': { message: 'a NUL byte is not allowed in a text file', hint: 'delete it' },
};

function characterFault(character: string): Fault {
  const code = character.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase();
  const message = `the control character U+${code} is not allowed in a text file`;
  return CHARACTERS[character] ?? { message, hint: 'delete it' };
}

/** A text in terms of YAML. */
export interface ReadText {
  /** Absent where the text has none, or cannot be read. */
  readonly document?: Document.Parsed;
  readonly faults: readonly TextFault[];
}

/**
 * Reads a text, which comes without its byte order mark, as YAML 1.2 of the core schema: `no` and `on` are text, `012` is a
 * number. The lexer and parser do not recurse, but the composer does: depth is checked between them, word by word.
 */
export function readText(text: string): ReadText {
  const wrong = unreadable(text);
  if (wrong.length > 0) return { faults: wrong };
  const parser = new Parser();
  const tokens = [];
  let errors = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      tokens.push(token);
      if (token.type === 'error') errors += 1;
    }
    // A text of nothing but brackets: each error costs more than all other tokens around it.
    if (errors > MOST_ERRORS) break;
    // The stack holds the document and the scalar at hand, too.
    if (parser.stack.length > DEEPEST + 2) {
      const message = `maps and lists are nested deeper than ${DEEPEST} levels`;
      return { faults: [{ start: parser.offset, end: parser.offset + 1, message }] };
    }
  }
  tokens.push(...parser.end());
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    strict: true,
    // The tree checks keys itself, with a better position.
    uniqueKeys: false,
    resolveKnownTags: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const directives = tokens.flatMap((token): readonly TextFault[] => {
    if (token.type !== 'directive' || /^%YAML\s+1\.2\s*$/.test(token.source)) return [];
    const message = 'YAML directives, lines that start with "%", are not supported';
    return [{ start: token.offset, end: token.offset + token.source.length, message, hint: 'delete it' }];
  });
  const [, second] = tokens.filter(({ type }) => type === 'document');
  const documents: readonly TextFault[] = second
    ? [
        {
          start: second.offset,
          end: second.offset + 3,
          message: 'a second document starts here; a file must contain only one',
          hint: 'keep one of them, and delete the line "---" between them',
        },
      ]
    : [];
  const [document] = composer.compose(tokens);
  const faults = document ? firstOfLines(syntaxFaults(document, text), text, MOST_FAULTS) : [];
  return {
    // What the parser guessed after a fault would only cause further complaints.
    ...(document && faults.length === 0 && { document }),
    faults: [...directives, ...documents, ...faults],
  };
}

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

/** The parser's errors in its own words; some errors are those of a whole line, and blanks come before what is meant. */
function* syntaxFaults(document: Document.Parsed, text: string): Generator<TextFault> {
  for (const { code, message: said, pos } of document.errors.slice(0, MOST_ERRORS)) {
    const [start, end] = pos;
    if (code === 'TAG_RESOLVE_FAILED') continue;
    if (/closing|end with/.test(said)) {
      yield unclosed(start, text, document);
      continue;
    }
    const [indent = ''] = /^ */.exec(text.slice(start, start + 64)) ?? [];
    const message = `${said.charAt(0).toLowerCase()}${said.slice(1)}`;
    const isKey = /^(Nested mappings|Implicit map keys)/.test(said);
    const hint = said.startsWith('A block sequence') ? COLUMN : isKey ? KEY : HINTS[code];
    yield { start: start + indent.length, end, message, ...(hint && { hint }) };
  }
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
