import { expect, test } from 'vitest';
import { atLeast } from '../../../src/config/compat/release.ts';

test.each([
  ['1.6.1', '1.6', true],
  ['1.6.1', '1.6.1', true],
  ['1.6.1', '1.6.2', false],
  ['1.10.0', '1.6', true],
  ['0.9.1', '1.0', false],
  ['2.0.0', '1.6.1', true],
  ['1.6.0', '1', true],
])('%s is at least %s: %s', (release, minimum, expected) => {
  expect(atLeast(release, minimum)).toBe(expected);
});
