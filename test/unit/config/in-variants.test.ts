import { expect, test } from 'vitest';
import { type Diagnostic, formatDiagnostic } from '../../../src/config/yaml/diagnostic.ts';

const said = (variants: readonly string[], path = 'decode.nodes') => {
  const place = { file: 'c.yaml', line: 1, column: 1, length: 1, path };
  const one: Diagnostic = { ...place, severity: 'error', message: 'is wrong', variants };
  return formatDiagnostic(one, undefined).split('\n')[1];
};

test.each([
  [['a'], '  in variant a'],
  [['a', 'b'], '  in 2 variants: a and b'],
  [['a', 'b', 'c'], '  in 3 variants: a, b and c'],
  [
    Array.from({ length: 30 }, (_, index) => `mrr${index}`),
    '  in 30 variants: mrr0, mrr1, mrr2, mrr3, mrr4, mrr5, mrr6, mrr7, mrr8, mrr9, mrr10, mrr11, mrr12 and 17 more',
  ],
  [['a'.repeat(60), 'b'.repeat(60), 'c'.repeat(60)], `  in 3 variants: ${'a'.repeat(60)} and 2 more`],
  [['a'.repeat(90), 'b'.repeat(90)], `  in 2 variants: ${'a'.repeat(90)} and ${'b'.repeat(90)}`],
])('%j', (variants, expected) => {
  expect(said(variants)).toBe(expected);
});

test('a place in one variant, or in a sweep, is enough', () => {
  expect(said(['a'], 'variants.a.decode.nodes')).toBeUndefined();
  expect(said(['a', 'b'], 'sweep["decode.nodes"]')).toBe('  in 2 variants');
});
