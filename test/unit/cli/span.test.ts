import { expect, test } from 'vitest';
import { span } from '../../../src/cli/span.ts';

test.each([
  [0, '0s'],
  [59, '59s'],
  [5400, '1h30m'],
  [14400, '4h'],
  [129600, '1d12h'],
  [90061, '1d1h1m1s'],
])('%d seconds are %s', (seconds, text) => {
  expect(span(seconds)).toBe(text);
});
