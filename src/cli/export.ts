import { DynSlurmError, EXIT } from '../errors.ts';
import { csvOf, jsonOf, openMetricsOf } from '../report/export.ts';
import { readRunData } from '../report/read.ts';
import { writeOutput } from './output-file.ts';
import { type LookupOptions, lookUpRun } from './run-lookup.ts';
import type { World } from './world.ts';

export interface ExportOptions extends LookupOptions {
  readonly csv?: boolean;
  readonly json?: boolean;
  readonly prometheus?: boolean;
  /** Standard output by default. */
  readonly out?: string;
}

const FORMS = { csv: csvOf, json: jsonOf, prometheus: openMetricsOf } as const;

/** `dyn-slurm export [RUN] --csv|--json|--prometheus`: what was measured of a run, for other programs. */
export async function exportRun(
  query: string | undefined,
  options: ExportOptions,
  world: World,
): Promise<number> {
  const asked = (['csv', 'json', 'prometheus'] as const).filter((form) => options[form]);
  const [form] = asked;
  if (form === undefined || asked.length > 1) {
    throw new DynSlurmError('usage', 'name one form to export: --csv, --json or --prometheus');
  }
  const { run, connection } = await lookUpRun(query, options, world);
  const text = FORMS[form](await readRunData(connection.host, run));
  if (options.out === undefined) world.out.write(text);
  else world.out.write(`${await writeOutput(options.out, text, world)}\n`);
  return EXIT.ok;
}
