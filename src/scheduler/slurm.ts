import { DynSlurmError } from '../errors.ts';
import { commandError } from '../host/command-error.ts';
import type { CommandResult, Host } from '../host/host.ts';
import { asJobId, type JobId, jobNumber, slurmCluster } from './job-id.ts';
import { readState } from './job-state.ts';
import { refusalHint } from './refusal.ts';
import { submitRequest } from './request.ts';
import type { JobStatus, Scheduler, SubmitRequest } from './scheduler.ts';
import {
  accountingCommand,
  cancelCommand,
  jobComment,
  ownQueueCommand,
  queueCommand,
  TIME_ENVIRONMENT,
} from './slurm-argv.ts';
import {
  type JobRow,
  parseAccounting,
  parseQueue,
  parseSubmitted,
  saysGone,
  saysNoAccounting,
  saysUnreachable,
} from './slurm-parse.ts';

/** Milliseconds. Slurm's commands themselves try for 10 to 20 s to reach a controller that is down. */
const PATIENCE = { sbatch: 120_000, squeue: 40_000, sacct: 40_000, scancel: 40_000 } as const;

/** Slurm over a host's commands. */
export function slurmScheduler(host: Host): Scheduler {
  let accounting = true;

  const run = (argv: readonly string[], signal: AbortSignal): Promise<CommandResult> =>
    host.exec(argv, { timeout: PATIENCE[argv[0] as keyof typeof PATIENCE], signal, env: TIME_ENVIRONMENT });

  const failed = (
    argv: readonly string[],
    what: string,
    result: CommandResult,
    code: 'connection' | 'rejected',
  ) => {
    const hint = code === 'rejected' ? refusalHint(result.stderr) : undefined;
    const how = `exit ${result.exitCode}`;
    return commandError(
      { ...result, what, how, argv, host: host.name },
      code,
      hint === undefined ? {} : { hint },
    );
  };

  async function queue(argv: readonly string[], signal: AbortSignal): Promise<readonly JobRow[]> {
    const result = await run(argv, signal);
    if (result.exitCode === 0 || saysGone(result.stderr)) return parseQueue(result.stdout);
    throw failed(argv, 'squeue cannot say how the job is', result, 'connection');
  }

  /** Nothing where the cluster keeps no accounts, or its database is down. */
  async function accounts(ids: readonly JobId[], signal: AbortSignal): Promise<readonly JobRow[]> {
    if (!accounting || ids.length === 0) return [];
    try {
      const result = await run(accountingCommand(ids), signal);
      if (saysNoAccounting(result.stderr)) accounting = false;
      return result.exitCode === 0 ? parseAccounting(result.stdout) : [];
    } catch (error) {
      if (signal.aborted || !(error instanceof DynSlurmError)) throw error;
      if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') accounting = false;
      return [];
    }
  }

  async function statusOf(
    ids: readonly JobId[],
    signal: AbortSignal,
  ): Promise<readonly [JobId, JobStatus][]> {
    const queued = byNumber(await queue(queueCommand(ids), signal));
    const missing = ids.filter((id) => !queued.has(jobNumber(id)));
    const accounted = byNumber(await accounts(missing, signal));
    return ids.map((id) => {
      const live = queued.get(jobNumber(id));
      if (live) return [id, statusFrom(live, 'squeue')];
      const past = accounted.get(jobNumber(id));
      return [id, past ? statusFrom(past, 'sacct') : GONE];
    });
  }

  async function find(runId: string, signal: AbortSignal): Promise<JobId | undefined> {
    const rows = await queue(ownQueueCommand(), signal);
    return rows
      .flatMap(({ number, comment }) => (comment === jobComment(runId) ? (asJobId(number) ?? []) : []))
      .at(-1);
  }

  return {
    request: submitRequest,

    async submit(request: SubmitRequest, signal, secrets = new Map()) {
      await host.writeFiles(request.run.dir, new Map([...request.files, ...secrets]));
      const result = await run(request.command, signal);
      const id = result.exitCode === 0 ? parseSubmitted(result.stdout) : undefined;
      if (id !== undefined) return id;
      if (result.exitCode !== 0 && !saysUnreachable(result.stderr)) {
        throw failed(request.command, 'sbatch refused the job', result, 'rejected');
      }
      // A controller that was too busy to answer may have taken the job all the same.
      const taken = await find(request.run.id, signal).catch(() => undefined);
      if (taken !== undefined) return taken;
      throw failed(request.command, 'sbatch gave no job id', result, 'connection');
    },

    async status(ids, signal) {
      const found: (readonly [JobId, JobStatus])[] = [];
      for (const cluster of new Set(ids.map(slurmCluster))) {
        found.push(
          ...(await statusOf(
            ids.filter((id) => slurmCluster(id) === cluster),
            signal,
          )),
        );
      }
      return new Map(found);
    },

    find,

    async cancel(id, signal) {
      const argv = cancelCommand(id);
      const result = await run(argv, signal);
      if (result.exitCode === 0 || saysGone(result.stderr)) return;
      const code = saysUnreachable(result.stderr) ? 'connection' : 'rejected';
      throw failed(argv, `scancel did not cancel job ${jobNumber(id)}`, result, code);
    },
  };
}

const GONE: JobStatus = {
  word: 'GONE',
  phase: 'gone',
  printed: '',
  reason: '',
  nodes: 0,
  nodeList: '',
  source: 'none',
};

function byNumber(rows: readonly JobRow[]): ReadonlyMap<string, JobRow> {
  return new Map(rows.map((row) => [row.number, row]));
}

function statusFrom(row: JobRow, source: 'squeue' | 'sacct'): JobStatus {
  const { number, state, comment, ...facts } = row;
  return { ...readState(state), printed: state, ...facts, source };
}
