import { join } from 'node:path/posix';
import { DynSlurmError } from '../errors.ts';
import type { Host } from '../host/host.ts';

/** A file of a run folder: when the run was cancelled in the queue, where its job could leave no verdict. */
const NOTE = 'cancelled.json';

/** Notes that a run was cancelled. A note that already exists is as good. */
export async function noteCancelled(host: Host, run: { readonly dir: string }, time: Date): Promise<void> {
  const text = `${JSON.stringify({ time: time.toISOString() })}\n`;
  try {
    await host.writeFiles(run.dir, new Map([[NOTE, { text, mode: 0o600 }]]));
  } catch (error) {
    if (!(error instanceof DynSlurmError)) throw error;
  }
}

/** Whether somebody has cancelled the run with `dyn-slurm cancel` before its job started. */
export async function wasCancelled(host: Host, dir: string): Promise<boolean> {
  return (await host.readText(join(dir, NOTE))) !== undefined;
}
