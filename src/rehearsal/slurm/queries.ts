import { type Call, Refusal } from './call.ts';
import { isOver, type JobRecord, nodeList, nodeNames } from './job-record.ts';
import { listJobs, readKnownJob, runningSteps } from './job-store.ts';
import { readOptions } from './options.ts';
import { duration, timestamp } from './times.ts';

const UNKNOWN = 'slurm_load_jobs error: Invalid job id specified';

/** Lists jobs, or with --steps what runs in them. An unknown id is an error unless it is one of several. */
export async function squeue({ args, env, out, standIn }: Call): Promise<number> {
  const { options } = readOptions(args);
  const ids = options.get('jobs')?.split(',').map(Number);
  const known = ids ? ids.flatMap((id) => readKnownJob(standIn, id) ?? []) : listJobs(standIn);
  if (ids?.length === 1 && known.length === 0) throw new Refusal(UNKNOWN);
  const states = options.get('states');
  const jobs = known.filter((job) =>
    states === undefined ? !isOver(job) : states === 'all' || states.split(',').includes(stateName(job)),
  );
  const format = options.get('format') ?? '%i|%j|%T|%r';
  const rows: readonly Fields[] = options.has('steps')
    ? jobs.flatMap((job) =>
        runningSteps(standIn, job.id).map(({ step, name }) => ({ i: `${job.id}.${step}`, j: name })),
      )
    : jobs.map((job) => jobFields(job, env.SLURM_TIME_FORMAT));
  for (const row of rows) {
    out.write(`${format.replaceAll(/%([A-Za-z])/g, (_, letter: string) => row[letter] ?? '')}\n`);
  }
  return 0;
}

/** `scontrol show hostnames LIST` and `scontrol show job ID`. */
export async function scontrol({ args, out, standIn }: Call): Promise<number> {
  const [verb, entity, name = ''] = args.filter((word) => !word.startsWith('-'));
  if (verb !== 'show' || (entity !== 'hostnames' && entity !== 'job')) {
    throw new Refusal(`the stand-in for Slurm has no scontrol ${args.join(' ')}`);
  }
  if (entity === 'hostnames') {
    for (const host of nodeNames(name)) out.write(`${host}\n`);
    return 0;
  }
  const job = readKnownJob(standIn, Number(name));
  if (!job) throw new Refusal(UNKNOWN);
  out.write(describeJob(job, Date.now()));
  return 0;
}

function stateName(job: JobRecord): string {
  return job.completing ? 'COMPLETING' : job.state;
}

/** Values of a job by the letters of squeue's --format. */
type Fields = Readonly<Record<string, string>>;

function jobFields(job: JobRecord, timeFormat?: string): Fields {
  const at = (ms: number | undefined): string => (ms === undefined ? 'N/A' : timestamp(ms, timeFormat));
  const { started, ended, timeLimit } = job;
  const limit = started === undefined || timeLimit === 0 ? undefined : started + timeLimit * 1000;
  return {
    i: String(job.id),
    j: job.name,
    T: stateName(job),
    D: String(job.nodes),
    V: at(job.submitted),
    S: at(started),
    e: at(ended ?? limit),
    N: started === undefined ? '' : nodeList(job.nodes),
    E: job.dependency ?? '(null)',
    k: job.comment ?? '(null)',
    r: job.reason,
  };
}

/** What the bundle and the commands read of `scontrol show job`, in Slurm's words. */
function describeJob(job: JobRecord, now: number): string {
  const { started, ended = now, timeLimit } = job;
  const ran = started === undefined ? 0 : (ended - started) / 1000;
  return [
    `JobId=${job.id} JobName=${job.name}`,
    `JobState=${stateName(job)} Reason=${job.reason} Dependency=${job.dependency ?? '(null)'}`,
    `Restarts=0 RunTime=${duration(ran)} TimeLimit=${timeLimit === 0 ? 'UNLIMITED' : duration(timeLimit)}`,
    `NodeList=${started === undefined ? '' : nodeList(job.nodes)} NumNodes=${job.nodes}\n\n`,
  ].join('\n   ');
}
