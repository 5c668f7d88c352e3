import { expect, test } from 'vitest';
import { calibrated, promptOf, randomFrom, wordsFor } from '../../../../src/bench/client/prompt.ts';

test('a prompt has so many words, the same for the same seed', () => {
  const prompt = promptOf(100, randomFrom(3));
  expect(prompt.split(' ')).toHaveLength(100);
  expect(promptOf(100, randomFrom(3))).toBe(prompt);
  expect(promptOf(100, randomFrom(4))).not.toBe(prompt);
});

test('words follow from what the service counted for short and long prompts', () => {
  // Ten tokens around each, and 1.25 a word.
  const tokens = calibrated([
    { words: 8, tokens: 20 },
    { words: 400, tokens: 510 },
    { words: 400, tokens: 510 },
  ]);
  expect(tokens).toEqual({ perPrompt: expect.closeTo(10, 9), perWord: expect.closeTo(1.25, 9) });
  expect(wordsFor(1010, tokens)).toBe(800);
  expect(wordsFor(3, tokens)).toBe(1);
});

test('one length alone has all tokens in its words', () => {
  expect(calibrated([{ words: 10, tokens: 15 }])).toEqual({ perPrompt: 0, perWord: 1.5 });
});
