import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { unlessAborted } from '../host/on-abort.ts';
import { ask } from './slurm/mailbox.ts';
import { localFoldersOf, processesOf, sendSignal } from './slurm/process-table.ts';
import { jobMark } from './slurm/site.ts';

const LOOK = 100;

/**
 * Processes of a stand-in's job that live on after it: their ids, once there are none or the signal aborts.
 * `dir`: the stand-in's state folder.
 */
export async function leftBehind(
  dir: string,
  jobId: string,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const mark = jobMark(dir, jobId);
  for (;;) {
    const left = processesOf(mark).map(({ pid }) => pid);
    if (left.length === 0 || signal.aborted) return left;
    await sleep(LOOK);
  }
}

/**
 * Kills all processes of a stand-in's job, whatever they are doing, and removes their folders on the node's own disk: what
 * keeps the job finds these by the processes, and may come too late to see one. Returns with the abort at the latest.
 */
export async function killOutright(dir: string, jobId: string, signal: AbortSignal): Promise<void> {
  const mark = jobMark(dir, jobId);
  const folders = localFoldersOf(mark, Number(jobId));
  const heard = ask({ dir }, Number(jobId), { kind: 'cancel', kill: true });
  // What keeps the job may be slow itself on a busy machine.
  sendSignal(processesOf(mark), 'SIGKILL');
  await unlessAborted(heard, signal, 0);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
