import Handlebars from 'handlebars';
import { templateHelpers } from './template-helpers.ts';

/**
 * Compiles a template for bash: `{{x}}` is a shell-quoted word, `{{{x}}}` is raw, and a misspelt name throws.
 * Handlebars by itself escapes for HTML and renders unknown names as nothing.
 *
 * In dist, scripts/precompiled.ts takes the place of this module: compiling at run time costs 25 ms.
 */
export function compile(source: string): (data: object) => string {
  const engine = Handlebars.create();
  engine.registerHelper(templateHelpers(engine.helpers.each as Handlebars.HelperDelegate));
  return engine.compile(quotedByDefault(source), OPTIONS);
}

export const OPTIONS = { strict: true, noEscape: true, knownHelpers: { sh: true } };

/** Rewrites `{{x}}` into `{{sh x "x"}}` and `{{#each x}}` into `{{#each x "x"}}`. */
export function quotedByDefault(source: string): hbs.AST.Program {
  const program = Handlebars.parse(source);
  new QuoteEscaped().accept(program);
  return program;
}

class QuoteEscaped extends Handlebars.Visitor {
  override MustacheStatement(mustache: hbs.AST.MustacheStatement): void {
    const path = mustache.path as hbs.AST.PathExpression;
    if (!mustache.escaped) return;
    mustache.params = [path, nameOf(path)];
    mustache.path = { ...path, data: false, depth: 0, parts: ['sh'], original: 'sh' };
  }

  override BlockStatement(block: hbs.AST.BlockStatement): void {
    const [list] = block.params;
    if (block.path.original === 'each' && list) block.params.push(nameOf(list as hbs.AST.PathExpression));
    super.BlockStatement(block);
  }
}

function nameOf(path: hbs.AST.PathExpression): hbs.AST.StringLiteral {
  return { type: 'StringLiteral', value: path.original, original: path.original, loc: path.loc };
}
