import { setTimeout as sleep } from 'node:timers/promises';
import { processesOf } from './slurm/process-table.ts';
import { jobMark } from './slurm/site.ts';

const LOOK = 100;

/**
 * Processes of a stand-in's job that live on after it: their ids, once there are none or `patience` (ms) has passed.
 * `dir`: the stand-in's state folder.
 */
export async function leftBehind(dir: string, jobId: string, patience: number): Promise<readonly number[]> {
  const mark = jobMark(dir, jobId);
  const until = Date.now() + patience;
  for (;;) {
    const left = processesOf(mark).map(({ pid }) => pid);
    if (left.length === 0 || Date.now() > until) return left;
    await sleep(LOOK);
  }
}
