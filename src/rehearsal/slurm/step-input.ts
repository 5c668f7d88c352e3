import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Call } from './call.ts';
import { type FilenameFields, fillFilename } from './filename.ts';
import type { Task } from './task.ts';

/** Whether a task reads anything, by srun's --input. */
export function isFed(input: string | undefined, task: number): boolean {
  if (input === undefined || input === 'all') return true;
  return input !== 'none' && (!/^\d+$/.test(input) || Number(input) === task);
}

/**
 * Hands srun's own input to every task that is fed, all of it and as soon as it comes: a loop that calls srun without
 * `--input=none` loses the rest of what it reads.
 */
export function feedTasks(
  call: Call,
  input: string | undefined,
  tasks: readonly Task[],
  fieldsOf: (task: number) => FilenameFields,
): void {
  const fed = tasks.filter((task) => task.input && isFed(input, task.place.task));
  if (fed.length === 0) return;
  if (input === undefined || input === 'all' || /^\d+$/.test(input)) {
    call.input.on('data', (chunk: Buffer) => {
      for (const task of fed) task.input?.write(chunk);
    });
    call.input.on('end', () => {
      for (const task of fed) task.input?.end();
    });
    return;
  }
  for (const task of fed) {
    task.input?.end(readFileSync(resolve(call.cwd, fillFilename(input, fieldsOf(task.place.task)))));
  }
}
