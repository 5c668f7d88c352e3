import Handlebars from 'handlebars';
import { OPTIONS, quotedByDefault } from '../src/render/template.ts';

/**
 * Text of a module that stands for src/render/template.ts in dist, and knows just the templates of this package: each
 * already compiled, found by its own text. It needs neither Handlebars' parser nor its compiler.
 */
export function precompiledModule(sources: readonly string[]): string {
  const entries = sources.map((source) => {
    const specification = Handlebars.precompile(quotedByDefault(source), OPTIONS);
    return `[${JSON.stringify(source)}, ${specification}]`;
  });
  return `
    import Handlebars from 'handlebars/runtime.js';
    import { templateHelpers } from './template-helpers.ts';

    const compiled = new Map([${entries.join(',\n')}]);

    export function compile(source) {
      const specification = compiled.get(source);
      if (specification === undefined) throw new Error('a template was changed after the build: npm run build');
      const engine = Handlebars.create();
      engine.registerHelper(templateHelpers(engine.helpers.each));
      return engine.template(specification);
    }
  `;
}
