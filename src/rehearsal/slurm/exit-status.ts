import { signalDescription, signalNumber } from './signal.ts';
import type { TaskEnd } from './task.ts';

/** srun's exit code: the highest of its tasks', where a signal counts as 128 and its number. */
export function stepExitCode(ends: readonly TaskEnd[]): number {
  return Math.max(0, ...ends.map(exitCode));
}

export function exitCode({ code, signal }: TaskEnd): number {
  return signal ? 128 + signalNumber(signal) : code;
}

/** `node3: task 2: Exited with exit code 3`. */
export function describeEnd(host: string, task: number, end: TaskEnd): string {
  const how = end.signal ? signalDescription(end.signal) : `Exited with exit code ${end.code}`;
  return `${host}: task ${task}: ${how}`;
}

/** Numbers as Slurm lists them: `0,2-4`. */
export function numberRanges(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && last[1] + 1 === number) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
