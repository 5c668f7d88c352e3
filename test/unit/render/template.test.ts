import { expect, test } from 'vitest';
import { compile } from '../../../src/render/template.ts';

test('two braces quote for the shell, three are raw', () => {
  expect(
    compile('run {{word}} {{{raw}}} {{n}}{{#each list}} {{this}}{{/each}}\n')({
      word: 'a "b" $(id)\'s',
      raw: '$(id)',
      n: 3,
      list: ['x y', [{ ref: 'rank' }, '&']],
    }),
  ).toBe("run 'a \"b\" $(id)'\\''s' $(id) 3 'x y' \"${NODE_RANK}&\"\n");
});

test.each(['{{mispelt}}', '{{{mispelt}}}', '{{#each mispelt}}{{/each}}'])(
  '%s is an error when nothing has that name',
  (source) => {
    expect(() => compile(source)({ misspelt: 'x' })).toThrow(/mispelt/);
  },
);
