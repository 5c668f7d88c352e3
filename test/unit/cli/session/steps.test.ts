import { expect, test } from 'vitest';
import { stepsNamed } from '../../../../src/cli/runs/session/steps.ts';

const STEPS = ['frontend-0', 'prefill-0', 'prefill-1', 'decode-0', 'decode-1'].map((name) => ({
  name,
  kind: name.startsWith('frontend') ? ('frontend' as const) : ('worker' as const),
  role: null,
  nodes: [],
  phase: 'serving' as const,
  since: '',
  starts: 1,
}));

test.each([
  ['decode-1 prefill-0', 'decode-1 prefill-0'],
  ['decode prefill-1', 'decode-0 decode-1 prefill-1'],
  ['prefill-1 prefill', 'prefill-1 prefill-0'],
  ['decode-0 workers', 'decode-0 prefill-0 prefill-1 decode-1'],
])('%s: in the order in which they are named, each once', (words, names) => {
  expect(
    stepsNamed(words.split(' '), STEPS)
      .map(({ name }) => name)
      .join(' '),
  ).toBe(names);
});
