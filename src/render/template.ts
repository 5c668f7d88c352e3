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
  const each = engine.helpers.each as Handlebars.HelperDelegate;
  engine.registerHelper('sh', (value: Word | number | undefined, name: string) => {
    if (value === undefined) throw new Error(`the template names "${name}", which is not given`);
    return quoteWord(typeof value === 'number' ? String(value) : value);
  });
  engine.registerHelper('each', function (this: unknown, list: unknown, name: string, options: object) {
    if (!Array.isArray(list)) throw new Error(`the template loops over "${name}", which is no list`);
    return each.call(this, list, options);
  });
  return engine.compile(program, { strict: true, noEscape: true, knownHelpers: { sh: true } });
}

/**
 * Rewrites `{{x}}` into `{{sh x "x"}}` and `{{#each x}}` into `{{#each x "x"}}`: `strict` does not look at the
 * arguments of helpers (https://handlebarsjs.com/api-reference/compilation.html), so the helpers check for themselves.
 */
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
