import type { HostFile } from '../host/host.ts';
import type { Dependency, SubmitRequest } from './scheduler.ts';
import { submitCommand } from './slurm-argv.ts';

/** What submitting a run sends; `exclude`: nodes that the job must not get. `files` must hold job.sbatch. */
export function submitRequest(
  run: SubmitRequest['run'],
  files: ReadonlyMap<string, HostFile>,
  after: readonly Dependency[] = [],
  exclude: readonly string[] = [],
): SubmitRequest {
  const script = files.get('job.sbatch');
  if (script === undefined) throw new Error('a request needs job.sbatch');
  return {
    run: { id: run.id, dir: run.dir },
    command: submitCommand(run, after, exclude),
    script: script.text,
    files,
  };
}
