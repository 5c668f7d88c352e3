import { count } from '../../../config/text/plural.ts';
import { type DynSlurmError, errorText } from '../../../errors.ts';
import { quote } from '../../../render/shell.ts';
import { jobNumber } from '../../../scheduler/job-id.ts';
import { grouped } from '../../grouping.ts';
import type { Sent } from '../../runs/submit/send.ts';
import { dryRunJson, dryRunText } from '../../views/dry-run.ts';
import { table } from '../../views/table.ts';
import { sumText, variantsText } from '../../views/variants-text.ts';
import type { World } from '../../world.ts';
import { wrapped } from '../../wrap.ts';
import type { Prepared, SubmitOptions } from './prepare.ts';

/** A variant whose job, and whose retries, Slurm has taken. */
export interface SentVariant {
  readonly prepared: Prepared;
  readonly chain: readonly [Sent, ...Sent[]];
  /** The variant that has to end first. */
  readonly waits: string | undefined;
}

/** A variant that Slurm did not take. */
export interface Rejected {
  readonly prepared: Prepared;
  readonly error: DynSlurmError;
}

/** How far the sending of a group came. */
export interface Sending {
  readonly sent: readonly SentVariant[];
  readonly rejected: readonly Rejected[];
  /** Those that were not tried any more. */
  readonly left: readonly Prepared[];
  /** Why they were not. */
  readonly failure?: unknown;
}

export function submittedText(
  group: string,
  sent: readonly SentVariant[],
  options: SubmitOptions,
  world: World,
): string {
  const rows = sent.map(({ prepared, chain: [{ run, jobId }, ...retries], waits }) => [
    prepared.job.variant ?? '',
    run.id,
    jobNumber(jobId),
    [waits && `when ${waits} has ended`, retries.length > 0 && count(retries.length, 'retry')]
      .filter(Boolean)
      .join('; '),
  ]);
  const cluster = sent[0]?.prepared.job.cluster ?? '';
  const next = options.watch
    ? []
    : [
        `  watch   dyn-slurm watch ${group}`,
        `  status  dyn-slurm status ${group}`,
        `  report  dyn-slurm report ${group}`,
        `  cancel  dyn-slurm cancel ${group}`,
      ];
  return [
    `submitted ${count(sent.length, 'job')} on cluster ${cluster} as group ${group}${atATime(options)}`,
    table(['variant', 'run', 'job', 'starts'], rows, world.page).trimEnd(),
    sumText(sent.map(({ prepared }) => prepared.job)),
    ...next,
    '',
  ].join('\n');
}

const atATime = ({ maxJobs }: SubmitOptions): string =>
  maxJobs === undefined ? '' : `, at most ${maxJobs} at a time`;

/** What became of the others, and how to submit them. */
export function leftText(rejected: readonly Rejected[], left: readonly Prepared[], given: string): string {
  const lines = grouped(rejected, ({ error }) => error.message.split('\n')[0] ?? '').map((alike) => {
    const names = alike.map(({ prepared }) => prepared.job.variant ?? '');
    return `not submitted: ${names.join(', ')}: ${errorText(alike[0].error)}`;
  });
  if (left.length === 0) return lines.join('');
  const names = left.map(({ job }) => job.variant ?? '').join(',');
  const again = `dyn-slurm submit ${quote(`${given}[${names}]`)}`;
  return `${lines.join('')}not submitted any more: ${names}; to submit them: ${again}\n`;
}

/** What `submit --json` prints of a group; `dir` is absolute. */
export function submittedJson(
  group: string,
  { sent, rejected, left }: Sending,
  { excluded }: Prepared,
): object {
  const facts = ({ run, jobId }: Sent) => ({ run: run.id, jobId, dir: run.dir });
  return {
    group,
    cluster: sent[0]?.prepared.job.cluster,
    runs: sent.map(({ prepared, chain: [first, ...retries], waits }) => ({
      variant: prepared.job.variant,
      ...facts(first),
      ...(waits !== undefined && { waits }),
      ...(retries.length > 0 && { retries: retries.map(facts) }),
    })),
    rejected: rejected.map(({ prepared, error }) => ({
      variant: prepared.job.variant,
      message: error.message,
    })),
    left: left.map(({ job }) => job.variant),
    ...(excluded.bad.length > 0 && {
      excluded: excluded.bad.map(({ node, reason, run }) => ({ node, reason, run })),
    }),
  };
}

export function dryRunsText(prepared: readonly Prepared[], options: SubmitOptions, { page }: World): string {
  const jobs = prepared.map(({ job }) => job);
  const [{ path, variant } = { path: '', variant: '' }] = jobs;
  const { maxJobs, retries = 0, full = false } = options;
  const order =
    maxJobs === undefined
      ? 'All would be submitted at once.'
      : `At most ${maxJobs} would run at a time: each waits for the one ${maxJobs} before it, however that ends (--dependency=afterany).`;
  const one = `\`dyn-slurm submit ${quote(`${path}[${variant}]`)} --dry-run\` shows one in full.`;
  const table = `${variantsText(jobs, page)}${wrapped(`${order}\n${full ? '' : `${one}\n`}`, page.width)}`;
  if (!full) return table;
  const each = prepared.map(({ job: { plan, notes = [], variant: name }, request }) => {
    const text = dryRunText({ request: request(), plan, retries, notes }, { full, page });
    return `\n==== ${name} ====\n${text}`;
  });
  return table + each.join('');
}

export function dryRunsJson(prepared: readonly Prepared[], { retries = 0 }: SubmitOptions): object {
  return prepared.map(({ job: { plan, notes = [], variant, changes }, request }) => ({
    variant,
    changes,
    ...dryRunJson({ request: request(), plan, retries, notes }),
  }));
}
