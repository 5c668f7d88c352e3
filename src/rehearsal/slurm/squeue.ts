import { callingAccount } from './account.ts';
import { type Call, Refusal } from './call.ts';
import { DEFAULT_FORMAT, JOB_COLUMNS, STATES, stateName } from './job-format.ts';
import type { JobRecord } from './job-record.ts';
import type { Options } from './job-request.ts';
import { isRemembered, listJobs, readSteps } from './job-store.ts';
import { readOptions } from './program-options.ts';
import { SQUEUE } from './query-options.ts';
import { parseStates } from './state-filter.ts';
import { DEFAULT_STEP_FORMAT, STEP_COLUMNS } from './step-format.ts';
import { headingLine, parseFormat, parseLongFormat, tableLine } from './table-format.ts';

/** States that squeue shows unless told which. */
const LIVE = 'PENDING,RUNNING,COMPLETING,SUSPENDED,CONFIGURING';

/** Lists jobs. One unknown id is an error; among several, unknown ones are passed over. */
export async function squeue(call: Call): Promise<number> {
  const { options } = readOptions(call, SQUEUE, 1, { mixed: true });
  const account = callingAccount();
  const remembered = listJobs(call.site).filter((job) => isRemembered(call.site, job));
  const ids = jobIds(options);
  if (ids?.length === 1 && !remembered.some((job) => job.id === ids[0])) {
    throw new Refusal('slurm_load_jobs error: Invalid job id specified');
  }
  const states = parseStates(options.get('states') ?? LIVE, 'squeue');
  const users = options.get('user')?.split(',') ?? (options.has('me') ? [account.user] : undefined);
  const names = options.get('name')?.split(',');
  const partitions = options.get('partition')?.split(',');
  const jobs = remembered.filter(
    (job) =>
      states.has(stateName(job)) &&
      (ids === undefined || ids.includes(job.id)) &&
      (users === undefined || users.includes(job.user) || users.includes(String(job.uid))) &&
      (names === undefined || names.includes(job.name)) &&
      (partitions === undefined || partitions.includes(job.partition)),
  );
  const lines = options.has('steps') ? stepLines(call, jobs, options) : jobLines(call, jobs, options);
  call.out.write(lines.map((line) => `${line}\n`).join(''));
  return 0;
}

function jobIds(options: Options): readonly number[] | undefined {
  return options
    .get('jobs')
    ?.split(',')
    .map((text) => {
      if (!/^\d+$/.test(text)) throw new Refusal(`squeue: error: Invalid job id: ${text}`);
      return Number(text);
    });
}

function jobLines(call: Call, jobs: readonly JobRecord[], options: Options): readonly string[] {
  const long = options.get('Format');
  const format =
    long === undefined
      ? parseFormat(options.get('format') ?? DEFAULT_FORMAT, JOB_COLUMNS)
      : parseLongFormat(long, JOB_COLUMNS);
  for (const name of format.unknown) {
    call.err.write(`squeue: error: Invalid job format specification: ${name}\n`);
  }
  const viewing = { now: Date.now(), timeFormat: call.env.SLURM_TIME_FORMAT };
  const rows = sorted(jobs, options.get('sort')).map((job) => tableLine(format, job, viewing));
  return options.has('noheader') ? rows : [headingLine(format), ...rows];
}

/** By state and then id, as squeue does; `--sort` knows `i` and `-i`. */
function sorted(jobs: readonly JobRecord[], order = ''): readonly JobRecord[] {
  const byId = (a: JobRecord, b: JobRecord): number => (order === '-i' ? b.id - a.id : a.id - b.id);
  if (/^[+-]?i$/.test(order)) return jobs.toSorted(byId);
  return jobs.toSorted((a, b) => STATES[a.state].number - STATES[b.state].number || byId(a, b));
}

function stepLines(call: Call, jobs: readonly JobRecord[], options: Options): readonly string[] {
  const viewing = { now: Date.now() };
  const format = parseFormat(options.get('format') ?? DEFAULT_STEP_FORMAT, STEP_COLUMNS);
  const rows = jobs.flatMap((job) =>
    readSteps(call.site, job.id)
      .filter((step) => step.ended === undefined && !step.waiting)
      .map((step) => tableLine(format, { job, step }, viewing)),
  );
  return options.has('noheader') ? rows : [headingLine(format), ...rows];
}
