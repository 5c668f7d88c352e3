import { setTimeout } from 'node:timers/promises';

/** Waits; false at once where the signal is or gets aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await setTimeout(milliseconds, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
