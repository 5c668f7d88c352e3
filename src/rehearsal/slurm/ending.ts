import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessId } from './job-record.ts';
import { sendSignal } from './process-table.ts';

/** Ends what `find` finds, as slurmd does: SIGCONT and SIGTERM, and SIGKILL after `wait` ms, until nothing is left. */
export async function endAll(find: () => readonly ProcessId[], wait: number): Promise<void> {
  const told = find();
  sendSignal(told, 'SIGCONT');
  sendSignal(told, 'SIGTERM');
  const deadline = performance.now() + wait;
  while (find().length > 0 && performance.now() < deadline) await sleep(20);
  await killAll(find);
}

/** Until nothing is left; gives up after 10 s on what the kernel does not let go. */
export async function killAll(find: () => readonly ProcessId[]): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (let left = find(); left.length > 0 && performance.now() < deadline; left = find()) {
    sendSignal(left, 'SIGKILL');
    await sleep(10);
  }
}
