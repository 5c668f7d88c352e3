import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FLUSH, type Interrupts, LIMIT, outOfTime } from '../../../src/cli/interrupts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Milliseconds from the interrupt until a command is cut off; `step` is called with each that passes. */
async function cutOffAfter(
  interrupts: Interrupts,
  step: (milliseconds: number) => void = () => {},
): Promise<number> {
  const controller = new AbortController();
  let over = false;
  void outOfTime(controller.signal, interrupts).then(() => {
    over = true;
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(over).toBe(false);
  controller.abort('SIGINT');
  let after = 0;
  while (!over) {
    await vi.advanceTimersByTimeAsync(1);
    after += 1;
    step(after);
  }
  return after;
}

test('a command that waits for something else is cut off after 1.5 s', async () => {
  expect(await cutOffAfter({ handlers: [], holds: 0 })).toBe(1500);
});

test('what it does on this machine has until two seconds, what is printed included', async () => {
  expect(LIMIT).toBe(2000);
  expect(await cutOffAfter({ handlers: [], holds: 1 })).toBe(LIMIT - FLUSH);
});

test('it is cut off as soon as that is done', async () => {
  const interrupts = { handlers: [], holds: 2 };
  const after = await cutOffAfter(interrupts, (now) => {
    if (now === 1600 || now === 1700) interrupts.holds -= 1;
  });
  expect(after).toBe(1725);
});
