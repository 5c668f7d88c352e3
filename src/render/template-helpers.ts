import type Handlebars from 'handlebars';
import type { Arg } from '../argument.ts';
import { quoteWord } from './shell.ts';

/**
 * What templates call: `sh` quotes, and `each` insists on a list. `strict` does not look at the arguments of helpers
 * (https://handlebarsjs.com/api-reference/compilation.html), so they are told the name and check for themselves.
 */
export function templateHelpers(each: Handlebars.HelperDelegate): Handlebars.HelperDeclareSpec {
  return {
    sh(value: Arg | number | undefined, name: string) {
      if (value === undefined) throw new Error(`the template names "${name}", which is not given`);
      return quoteWord(typeof value === 'number' ? String(value) : value);
    },
    each(this: unknown, list: unknown, name: string, options: object) {
      if (!Array.isArray(list)) throw new Error(`the template loops over "${name}", which is no list`);
      return each.call(this, list, options);
    },
  };
}
