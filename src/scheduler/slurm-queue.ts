import { DynSlurmError } from '../errors.ts';
import { runsOfComment } from './job-comment.ts';
import { asJobId, type JobId, jobNumber, slurmCluster } from './job-id.ts';
import { readState } from './job-state.ts';
import type { FoundJob, JobStatus, NodeMark } from './scheduler.ts';
import { accountingCommand, nodesCommand, ownQueueCommand, queueCommand } from './slurm-argv.ts';
import type { SlurmCommands } from './slurm-command.ts';
import {
  cancellingUid,
  type JobRow,
  parseAccounting,
  parseNodes,
  parseQueue,
  saysGone,
  saysNoAccounting,
} from './slurm-parse.ts';

/** What Slurm knows of jobs: squeue first, then accounting about those that have left the queue. */
export function slurmQueue({ run, printed }: SlurmCommands) {
  let accounting = true;
  /** Until a job turns out to be somebody else's. */
  let own = true;

  async function queue(argv: readonly string[], signal: AbortSignal): Promise<readonly JobRow[]> {
    return parseQueue(await printed(argv, signal, 'squeue cannot show the state of the job', saysGone));
  }

  /** Nothing where the cluster keeps no accounts, or its database is down. */
  async function accounts(ids: readonly JobId[], signal: AbortSignal): Promise<Accounts> {
    if (!accounting || ids.length === 0) return { rows: [] };
    try {
      const { exitCode, stdout, stderr } = await run(accountingCommand(ids), signal);
      if (saysNoAccounting(stderr)) accounting = false;
      if (exitCode === 0) return { rows: parseAccounting(stdout) };
      return accounting ? { rows: [], trouble: lastLine(stderr) } : { rows: [] };
    } catch (error) {
      if (signal.aborted || !(error instanceof DynSlurmError)) throw error;
      if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') accounting = false;
      return accounting
        ? { rows: [], trouble: lastLine(error.message.split('\n', 1)[0] ?? '') }
        : { rows: [] };
    }
  }

  async function queued(ids: readonly JobId[], signal: AbortSignal): Promise<ReadonlyMap<string, JobRow>> {
    const found = byNumber(await queue(queueCommand(ids, own), signal));
    const missing = ids.filter((id) => !found.has(jobNumber(id)));
    if (!own || ids.length === 1 || missing.length === 0) return found;
    const others = byNumber(await queue(queueCommand(missing), signal));
    if (others.size > 0) own = false;
    return new Map([...found, ...others]);
  }

  async function statusIn(
    ids: readonly JobId[],
    signal: AbortSignal,
  ): Promise<readonly [JobId, JobStatus][]> {
    const live = await queued(ids, signal);
    const missing = ids.filter((id) => !live.has(jobNumber(id)));
    const { rows, trouble = '' } = await accounts(missing, signal);
    const accounted = byNumber(rows);
    return ids.map((id) => {
      const present = live.get(jobNumber(id));
      if (present) return [id, statusFrom(present, 'squeue')];
      const past = accounted.get(jobNumber(id));
      return [id, past ? statusFrom(past, 'sacct') : { ...GONE, reason: trouble }];
    });
  }

  return {
    /**
     * One call for every id; squeue is not free. A job that neither squeue nor accounting knows is `gone`, which does not
     * mean that it failed. @throws DynSlurmError `connection`
     */
    async status(ids: readonly JobId[], signal: AbortSignal): Promise<ReadonlyMap<JobId, JobStatus>> {
      const found: (readonly [JobId, JobStatus])[] = [];
      for (const cluster of new Set(ids.map(slurmCluster))) {
        const own = ids.filter((id) => slurmCluster(id) === cluster);
        found.push(...(await statusIn(own, signal)));
      }
      return new Map(found);
    },

    /** The jobs that were submitted for runs, by their comments, while the queue knows them: one call for all. */
    async find(runIds: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, FoundJob>> {
      const wanted = new Set(runIds);
      const found = new Map<string, FoundJob>();
      for (const { number, comment, submitted, state } of await queue(ownQueueCommand(), signal)) {
        const runId = runsOfComment(comment).find((id) => wanted.has(id));
        const jobId = asJobId(number);
        if (runId === undefined || jobId === undefined) continue;
        found.set(runId, {
          jobId,
          ...(submitted !== undefined && { submitted }),
          state: readState(state),
        });
      }
      return found;
    },

    /** Uid of who cancelled a job; undefined where accounting is off, or does not say. No call of slurmctld. */
    async cancelledBy(id: JobId, signal: AbortSignal): Promise<number | undefined> {
      const [row] = (await accounts([id], signal)).rows;
      return row && cancellingUid(row.state);
    },

    /** The hosts among these to which Slurm gives no new jobs. @throws DynSlurmError `connection` */
    async nodeMarks(hosts: readonly string[], signal: AbortSignal): Promise<readonly NodeMark[]> {
      return parseNodes(
        await printed(nodesCommand(hosts), signal, 'sinfo cannot show the state of the nodes'),
      );
    },
  };
}

interface Accounts {
  readonly rows: readonly JobRow[];
  /** Why accounting could not be asked, though there is one. */
  readonly trouble?: string;
}

/** `sacct: error: Problem talking to the database: Connection refused` without what every line of it begins with. */
function lastLine(stderr: string): string {
  const [last = ''] = stderr.trimEnd().split('\n').slice(-1);
  return last.replace(/^sacct: (error|fatal): /, '');
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
  const uid = cancellingUid(state);
  return {
    ...readState(state),
    printed: state,
    ...facts,
    ...(uid !== undefined && { cancelledBy: uid }),
    source,
  };
}
