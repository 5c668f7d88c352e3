import { DynSlurmError } from '../errors.ts';
import type { CommandResult, Host, HostFile } from '../host/host.ts';
import { pause } from '../host/pause.ts';
import type { JobId } from './job-id.ts';
import type { FoundJob, StartEstimate, SubmitRequest } from './scheduler.ts';
import { SUBMIT_ENVIRONMENT, testCommand } from './slurm-argv.ts';
import type { SlurmCommands } from './slurm-command.ts';
import { parseEstimate, parseSubmitted, saysUnreachable } from './slurm-parse.ts';

/** Milliseconds after which to look once more for a job whose answer was lost: a busy controller lists it late. */
const ONCE_MORE = 3000;

/** sbatch, by which a job is sent at most once. */
export function slurmSubmission(
  host: Host,
  { run, failure }: SlurmCommands,
  find: (runIds: readonly string[], signal: AbortSignal) => Promise<ReadonlyMap<string, FoundJob>>,
  onceMore = ONCE_MORE,
) {
  /** After an sbatch that ended without an id, or did not end: the job may have been accepted all the same. */
  async function lost({ run: { id } }: SubmitRequest, error: DynSlurmError): Promise<JobId> {
    for (const delay of [0, onceMore]) {
      await pause(delay, UNSTOPPED);
      const jobs = await find([id], UNSTOPPED).catch(() => undefined);
      const found = jobs?.get(id);
      if (found) return found.jobId;
    }
    throw new DynSlurmError('connection', error.message, {
      hint: `Slurm may have accepted the job: \`dyn-slurm status ${id}\` finds it by its comment, and submitting the same config again looks for it first`,
      cause: error.cause,
    });
  }

  return {
    /**
     * Makes the run folder with the request's files, and those of `secrets`, then sends the job. Once sbatch runs, an abort
     * does not stop it; a job that was taken though its answer was lost is found by its comment.
     * @throws DynSlurmError `rejected` with Slurm's own words, `connection` where it is not known whether the job was taken.
     */
    async submit(
      request: SubmitRequest,
      signal: AbortSignal,
      secrets: ReadonlyMap<string, HostFile> = new Map(),
    ): Promise<JobId> {
      if (signal.aborted) throw new DynSlurmError('interrupted', 'interrupted before the job was sent');
      await host.writeFiles(request.run.dir, new Map([...request.files, ...secrets]));
      let result: CommandResult;
      try {
        // Told to stop, sbatch would leave it open whether the job was taken; it answers soon or runs out of time.
        result = await run(request.command, UNSTOPPED, { env: SUBMIT_ENVIRONMENT });
      } catch (error) {
        if (!(error instanceof DynSlurmError) || isMissing(error)) throw error;
        return lost(request, error);
      }
      const id = result.exitCode === 0 ? parseSubmitted(result.stdout) : undefined;
      if (id !== undefined) return id;
      if (result.exitCode !== 0 && !saysUnreachable(result.stderr)) {
        throw failure(request.command, 'sbatch refused the job', result, 'rejected');
      }
      return lost(request, failure(request.command, 'sbatch printed no job id', result, 'connection'));
    },

    /** Asks what would become of a request, and leaves nothing behind. @throws DynSlurmError like submit */
    async test(request: SubmitRequest, signal: AbortSignal): Promise<StartEstimate> {
      const argv = testCommand(request.command);
      const result = await run(argv, signal, { input: request.script, env: SUBMIT_ENVIRONMENT });
      const said = [result.stderr, result.stdout].join('\n').trim();
      const estimate = result.exitCode === 0 ? parseEstimate(said) : undefined;
      if (estimate !== undefined) return { ...estimate, said };
      if (result.exitCode === 0 || saysUnreachable(result.stderr)) {
        throw failure(argv, 'sbatch printed no estimate', result, 'connection');
      }
      throw failure(argv, 'sbatch would refuse the job', result, 'rejected');
    },
  };
}

const UNSTOPPED = new AbortController().signal;

function isMissing(error: DynSlurmError): boolean {
  return (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}
