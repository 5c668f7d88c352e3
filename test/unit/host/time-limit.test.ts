import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { timeLimit } from '../../../src/host/time-limit.ts';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('a limit of time outlives the garbage collector as a part of another signal', async () => {
  const both = AbortSignal.any([new AbortController().signal, timeLimit(200)]);
  const aborted = new Promise((resolve) => both.addEventListener('abort', () => resolve('aborted')));
  // The collector takes weak references only between turns of the event loop.
  await new Promise((resolve) => setTimeout(resolve, 50));
  collectGarbage();
  const later = new Promise((resolve) => setTimeout(resolve, 1000, 'never'));
  expect(await Promise.race([aborted, later])).toBe('aborted');
});
