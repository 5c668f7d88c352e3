import { count } from '../../../config/text/plural.ts';
import { EXIT } from '../../../errors.ts';
import { filesSeen } from '../../runs/config/files-seen.ts';
import { type Loaded, type LoadedConfig, loadConfig, printDiagnostics } from '../../runs/config/load.ts';
import { jsonText } from '../../sink.ts';
import { notesSection, summary } from '../../views/plan-text.ts';
import { table } from '../../views/table.ts';
import { sumText } from '../../views/variants-text.ts';
import type { World } from '../../world.ts';
import { wrapped } from '../../wrap.ts';
import type { ConfigOptions } from '../options.ts';

export interface CheckOptions extends ConfigOptions {
  readonly provenance?: boolean;
  readonly strict?: boolean;
}

/** Reports every problem of a config; exit 3 where there is an error, or a warning with `--strict`. */
export async function check(given: string, options: CheckOptions, world: World): Promise<number> {
  const config = await loadConfig(given, options, world);
  const { file, jobs, cluster } = config;
  const diagnostics = [...config.diagnostics, ...(await filesSeen(jobs, world))];
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const ok = errors === 0 && !(options.strict && warnings > 0);
  if (options.json) {
    world.out.write(jsonText({ ok, cluster, diagnostics, ...jobsJson(jobs, options) }));
    return ok ? EXIT.ok : EXIT.config;
  }
  printDiagnostics({ ...config, diagnostics }, world);
  if (options.provenance && errors === 0)
    world.out.write(jobs.map((job) => provenanceText(job, world)).join('\n'));
  const found = [errors && count(errors, 'error'), warnings && count(warnings, 'warning')]
    .filter(Boolean)
    .join(', ');
  const valid = `${file} is valid${found && ` (${found})`}: ${sizeText(jobs)}\n${notesOf(jobs, world)}`;
  if (ok) world.out.write(wrapped(valid, world.page.width));
  else world.err.write(`${file}: ${found}\n`);
  return ok ? EXIT.ok : EXIT.config;
}

type Jobs = LoadedConfig['jobs'];

/** What is known of each job; of a config with variants by their names. */
function jobsJson(jobs: Jobs, options: CheckOptions): object {
  const each = jobs.map(({ notes, provenance }) => ({
    ...(notes?.length && { notes }),
    ...(options.provenance && { provenance }),
  }));
  const [first] = each;
  const [{ variant }] = jobs;
  if (jobs.length === 1) return { ...(variant !== undefined && { variant }), ...first };
  return { variants: jobs.map(({ variant, changes }, index) => ({ variant, changes, ...each[index] })) };
}

function sizeText(jobs: Jobs): string {
  const [{ plan }, ...others] = jobs;
  if (others.length === 0) return plan ? summary(plan) : '';
  return sumText(jobs.flatMap((job) => (job.plan ? [{ ...job, plan: job.plan }] : [])));
}

function notesOf(jobs: Jobs, world: World): string {
  // Variants of one topology have its notes in common.
  return [...new Set(jobs.map((job) => notesText(job, world)))].join('');
}

/** What the topology wants people to mind. */
function notesText({ plan, notes = [] }: Loaded, { page }: World): string {
  if (plan === undefined) return '';
  return notesSection(notes, plan, page)
    .map(([title, text]) => `\n${title}\n${text.replace(/^(?=.)/gm, '  ')}`)
    .join('');
}

function provenanceText({ provenance, variant }: Loaded, { page }: World): string {
  const heading = variant === undefined ? '' : `variant ${variant}\n`;
  return (
    heading +
    table(
      ['key', 'value', 'from'],
      provenance.map(({ path, value, from }) => [path, JSON.stringify(value), from]),
      page,
    )
  );
}
