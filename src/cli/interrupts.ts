import { onAbort } from '../host/on-abort.ts';

export interface Interrupts {
  /** Who hears of Ctrl-C instead of the whole process: the last one. */
  handlers: (() => void)[];
  /** How much is under way that an interrupted process has longer for. */
  holds: number;
}

/** Milliseconds between the signal that interrupts a command and its end, whatever it waits for. */
export const LIMIT = 2000;
/** Milliseconds, of those, that a reader has to take what is printed. */
export const FLUSH = 150;
/** Milliseconds after which a command is cut off that holds nothing. */
const GRACE = 1500;
const LOOK = 25;

/** Resolves once an interrupted command has had its time. */
export function outOfTime(signal: AbortSignal, interrupts: Interrupts): Promise<void> {
  return new Promise((resolve) => {
    onAbort(signal, () => {
      const end = () => {
        clearInterval(looks);
        clearTimeout(last);
        resolve();
      };
      const last = setTimeout(end, LIMIT - FLUSH);
      const from = performance.now() + GRACE;
      const looks = setInterval(() => {
        if (interrupts.holds === 0 && performance.now() >= from) end();
      }, LOOK);
    });
  });
}
