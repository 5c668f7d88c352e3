import Handlebars from 'handlebars';
import type { Word } from '../plan/plan.ts';
import { quoteWord } from './shell.ts';

/**
 * Compiles a template for bash: `{{x}}` is a shell-quoted word, `{{{x}}}` is raw, and a misspelt name throws.
 * Handlebars by itself escapes for HTML and renders unknown names as nothing.
 */
export function compile(source: string): (data: object) => string {
  const program = Handlebars.parse(source);
  new QuoteEscaped().accept(program);
  const engine = Handlebars.create();
  engine.registerHelper('sh', (value: Word | number) =>
    quoteWord(typeof value === 'number' ? String(value) : value),
  );
  return engine.compile(program, { strict: true, noEscape: true, knownHelpers: { sh: true } });
}

/** Rewrites `{{x}}` into `{{sh x}}`. */
class QuoteEscaped extends Handlebars.Visitor {
  override MustacheStatement(mustache: hbs.AST.MustacheStatement): void {
    const path = mustache.path as hbs.AST.PathExpression;
    if (!mustache.escaped || path.original === 'sh') return;
    mustache.params = [path];
    mustache.path = {
      type: 'PathExpression',
      data: false,
      depth: 0,
      parts: ['sh'],
      original: 'sh',
      loc: path.loc,
    } as hbs.AST.PathExpression;
  }
}
