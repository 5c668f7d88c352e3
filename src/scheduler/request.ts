import type { HostFile } from '../host/host.ts';
import type { Dependency, GivenOptions, SubmitRequest } from './scheduler.ts';
import { submitCommand } from './slurm-argv.ts';

/** What submitting a run sends. `files` must hold job.sbatch. `given`: of the config's own, what dyn-slurm adds to. */
export function submitRequest(
  run: SubmitRequest['run'],
  files: ReadonlyMap<string, HostFile>,
  after: readonly Dependency[] = [],
  given: GivenOptions = {},
): SubmitRequest {
  const script = files.get('job.sbatch');
  if (script === undefined) throw new Error('a request needs job.sbatch');
  return {
    run: { id: run.id, dir: run.dir },
    command: submitCommand(run, after, given),
    script: script.text,
    files,
    given,
  };
}
