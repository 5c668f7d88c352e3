import { runsOfComment } from './job-comment.ts';
import { asJobId, type JobId } from './job-id.ts';
import type { NodeMark, StartEstimate } from './scheduler.ts';

/** What squeue or sacct says about one job. */
export interface JobRow {
  /** `4242`, without a cluster. */
  readonly number: string;
  /** State as printed; see readState. */
  readonly state: string;
  readonly nodes: number;
  /** `gpu[01-04]`; empty before the start. */
  readonly nodeList: string;
  /** Seconds since 1970. */
  readonly submitted?: number;
  /** Start time; for a pending job, the expected one. */
  readonly started?: number;
  /** Time at which the time limit ends the job; for a running job only. */
  readonly ends?: number;
  readonly comment: string;
  /** Empty where there is none. */
  readonly reason: string;
  /** Exit code of the batch script. */
  readonly exit?: number;
  readonly signal?: number;
}

/** The id in what `sbatch --parsable` wrote to stdout, where a login shell's greeting may precede it. */
export function parseSubmitted(stdout: string): JobId | undefined {
  const ids = stdout.split('\n').flatMap((line) => asJobId(line.trim()) ?? []);
  return ids.length === 1 ? ids[0] : undefined;
}

/** What `sbatch --test-only` says of a job that it would take; undefined where it says something else. */
export function parseEstimate(said: string): Omit<StartEstimate, 'said'> | undefined {
  const found = ESTIMATE.exec(said);
  if (found === null) return undefined;
  const [, start, nodes = '', partition = ''] = found;
  return { ...time('start', start), nodes, partition };
}

/** 26.05 has ` a` after the time. */
const ESTIMATE = /Job \d+ to start at (\S+)(?: a)? using \d+ processors on nodes (\S+) in partition (\S+)/;

/**
 * Rows of QUEUE_FORMAT. Other lines, such as `CLUSTER: hopper` with --clusters, are passed over. Comment and reason may hold
 * the delimiter themselves: the comment of a run's job ends with its mark.
 */
export function parseQueue(stdout: string): readonly JobRow[] {
  return rows(stdout, 8).map(([number, state, nodes, submitted, span, nodeList, ...rest]) => {
    const [started, ends] = (span ?? '').split(' ');
    return {
      number,
      state: state ?? '',
      nodes: Number(nodes) || 0,
      nodeList: word(nodeList),
      ...time('submitted', submitted),
      ...time('started', started),
      ...time('ends', ends),
      ...commentAndReason(rest),
    };
  });
}

function commentAndReason(cells: readonly string[]): Pick<JobRow, 'comment' | 'reason'> {
  const end = cells.findLastIndex((cell) => runsOfComment(cell).length > 0) + 1 || 1;
  return { comment: word(cells.slice(0, end).join('|')), reason: word(cells.slice(end).join('|')) };
}

/** Rows of ACCOUNTING_FORMAT. */
export function parseAccounting(stdout: string): readonly JobRow[] {
  return rows(stdout, 7).map(([number, state, nodes, submitted, started, nodeList, exitCode]) => {
    const [, exit, signal] = /^(\d+):(\d+)$/.exec(exitCode ?? '') ?? [];
    return {
      number,
      state: state ?? '',
      nodes: Number(nodes) || 0,
      nodeList: word(nodeList),
      ...time('submitted', submitted),
      ...time('started', started),
      comment: '',
      reason: '',
      ...(exit !== undefined && { exit: Number(exit) }),
      ...(signal !== undefined && { signal: Number(signal) }),
    };
  });
}

type Row = readonly [number: string, ...rest: string[]];

function rows(stdout: string, columns: number): readonly Row[] {
  return stdout
    .split('\n')
    .map((line) => line.trimEnd().split('|'))
    .filter(
      (cells): cells is [string, ...string[]] => /^\d+$/.test(cells[0] ?? '') && cells.length >= columns,
    );
}

const NOTHING = new Set(['(null)', 'None', 'N/A', 'None assigned', 'Unknown']);

function word(cell = ''): string {
  return NOTHING.has(cell) ? '' : cell;
}

/** Absent where the cell is no number of seconds: `N/A`, `Unknown`, or a Slurm that prints dates regardless. */
function time<Key extends string>(key: Key, cell = ''): { readonly [key in Key]?: number } {
  return (/^\d{9,11}$/.test(cell) ? { [key]: Number(cell) } : {}) as { readonly [key in Key]?: number };
}

/** Parses sinfo's output; a node of several partitions has a line for each. Marks follow the state, such as `*` for a node that does not respond. */
export function parseNodes(stdout: string): readonly NodeMark[] {
  const marks = stdout.split('\n').flatMap((line): readonly [string, NodeMark][] => {
    const [node = '', state = '', ...reason] = line.split('|');
    if (node === '' || state === '') return [];
    return [[node, { node, state: state.replace(/[^a-z]+$/i, ''), reason: said(reason.join('|')) }]];
  });
  return [...new Map(marks).values()];
}

function said(reason: string): string {
  return reason === 'none' ? '' : word(reason);
}

/** squeue and scancel, once all that they were asked about has left the queue; it says nothing of how it ended. */
export function saysGone(stderr: string): boolean {
  return /Invalid job id|already completing or completed/i.test(stderr);
}

/** slurmctld, munge or the network: nothing was refused, and the answer may have been lost. */
export function saysUnreachable(stderr: string): boolean {
  return UNREACHABLE.test(stderr);
}

const UNREACHABLE =
  /Unable to contact slurm controller|Socket timed out|Zero Bytes were transmitted|Unexpected message received|Protocol authentication error|Unable to establish control machine address|controller is in standby|could not resolve|Connection (refused|timed out|reset)|Transport endpoint|rate limit/i;

/**
 * slurmctld with `rl_enable` (since 23.02) to a user who asks too often. Slurm's commands wait and ask again by themselves,
 * a second longer each time, so this is what is left when they give up; or a site's own wrapper says it.
 */
export function saysLimited(stderr: string): boolean {
  return /rate limit|too many (requests|queries)/i.test(stderr);
}

/** Who cancelled a job: accounting prints `CANCELLED by 1000`. */
export function cancellingUid(state: string): number | undefined {
  const uid = /^CANCELLED by (\d+)$/.exec(state)?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/** sacct where the cluster keeps no accounts: never worth another call. */
export function saysNoAccounting(stderr: string): boolean {
  return /accounting storage is disabled|establish a configuration source/i.test(stderr);
}
