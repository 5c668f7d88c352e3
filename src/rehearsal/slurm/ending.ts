import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessId } from './job-record.ts';
import { isAlive, sendSignal } from './process-table.ts';

// As with proctrack/cgroup, the usual choice: what asks a step or a job to end reaches the processes that slurmd
// itself started, its tasks and the batch shell; SIGKILL reaches everything.

/** SIGCONT and SIGTERM, once each; returns when what `tasks` finds has ended, after `wait` ms, or with the abort. */
export async function askToEnd(
  tasks: () => readonly ProcessId[],
  wait: number,
  signal?: AbortSignal,
): Promise<void> {
  const told = new Set<number>();
  const deadline = performance.now() + wait;
  for (let left = tasks().filter(isAlive); left.length > 0; left = tasks().filter(isAlive)) {
    const fresh = left.filter(({ pid }) => !told.has(pid));
    for (const { pid } of fresh) told.add(pid);
    sendSignal(fresh, 'SIGCONT');
    sendSignal(fresh, 'SIGTERM');
    if (signal?.aborted || performance.now() >= deadline) return;
    await sleep(10);
  }
}

/** Until nothing is left; gives up after 10 s on what the kernel does not let go. */
export async function killAll(find: () => readonly ProcessId[]): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (let left = find(); left.length > 0 && performance.now() < deadline; left = find()) {
    sendSignal(left, 'SIGKILL');
    await sleep(10);
  }
}
