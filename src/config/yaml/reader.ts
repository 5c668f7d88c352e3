import { Composer, type Document, Lexer, Parser } from 'yaml';

/** How deep maps and lists may lie in each other; a config needs seven. */
export const DEEPEST = 32;

const MOST_ERRORS = 200;

/** What a text holds in terms of YAML, before any of it is trusted. */
export interface Stream {
  readonly documents: readonly Document.Parsed[];
  /** Offset of the second document, if there are several. */
  readonly second: number | undefined;
  /** Lines that start with "%". */
  readonly directives: readonly { readonly offset: number; readonly source: string }[];
  /** Offset at which nesting exceeds `DEEPEST`; nothing else is read then. */
  readonly tooDeep: number | undefined;
}

/**
 * YAML 1.2, core schema: `no` and `on` are text, `012` is a number.
 * The lexer and parser do not recurse, but the composer does: depth is checked between them, word by word.
 */
export function readStream(text: string): Stream {
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
      return { documents: [], second: undefined, directives: [], tooDeep: parser.offset };
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
  const starts = tokens.filter(({ type }) => type === 'document');
  return {
    documents: [...composer.compose(tokens)],
    second: starts[1]?.offset,
    directives: tokens.flatMap((token) =>
      token.type === 'directive' ? [{ offset: token.offset, source: token.source }] : [],
    ),
    tooDeep: undefined,
  };
}
