import type { Provenance } from '../../../config/job.ts';
import { count } from '../../../config/text/plural.ts';
import { EXIT } from '../../../errors.ts';
import { filesSeen } from '../../runs/config/files-seen.ts';
import { type Loaded, loadJob, printDiagnostics } from '../../runs/config/load.ts';
import { jsonText } from '../../sink.ts';
import { notesSection, summary } from '../../views/plan-text.ts';
import { table } from '../../views/table.ts';
import type { World } from '../../world.ts';
import { wrapped } from '../../wrap.ts';
import type { ConfigOptions } from '../options.ts';

export interface CheckOptions extends ConfigOptions {
  readonly provenance?: boolean;
  readonly strict?: boolean;
}

/** Reports every problem of a config; exit 3 where there is an error, or a warning with `--strict`. */
export async function check(path: string, options: CheckOptions, world: World): Promise<number> {
  const resolved = await loadJob(path, options, world);
  const diagnostics = [...resolved.diagnostics, ...(await filesSeen(resolved, world))];
  const loaded = { ...resolved, diagnostics };
  const { file, provenance, cluster } = loaded;
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const ok = errors === 0 && !(options.strict && warnings > 0);
  if (options.json) {
    const data = {
      ok,
      cluster,
      diagnostics,
      ...(loaded.notes?.length && { notes: loaded.notes }),
      ...(options.provenance && { provenance }),
    };
    world.out.write(jsonText(data));
    return ok ? EXIT.ok : EXIT.config;
  }
  printDiagnostics(loaded, world);
  if (options.provenance && loaded.plan) world.out.write(provenanceTable(provenance, world));
  const found = [errors && count(errors, 'error'), warnings && count(warnings, 'warning')]
    .filter(Boolean)
    .join(', ');
  const valid = `${file} is valid${found && ` (${found})`}: ${loaded.plan ? summary(loaded.plan) : ''}\n${notesText(loaded, world)}`;
  if (ok) world.out.write(wrapped(valid, world.page.width));
  else world.err.write(`${file}: ${found}\n`);
  return ok ? EXIT.ok : EXIT.config;
}

/** What the topology wants people to mind. */
function notesText({ plan, notes = [] }: Loaded, { page }: World): string {
  if (plan === undefined) return '';
  return notesSection(notes, plan, page)
    .map(([title, text]) => `\n${title}\n${text.replace(/^(?=.)/gm, '  ')}`)
    .join('');
}

function provenanceTable(provenance: readonly Provenance[], { page }: World): string {
  return table(
    ['key', 'value', 'from'],
    provenance.map(({ path, value, from }) => [path, JSON.stringify(value), from]),
    page,
  );
}
