import { DynSlurmError, EXIT } from '../../../errors.ts';
import { csvOf, jsonOf, openMetricsOf } from '../../../report/export.ts';
import { readRunData } from '../../../report/read.ts';
import type { RunData } from '../../../report/run-data.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import { type LookupOptions, lookUpRun } from '../../runs/lookup.ts';
import type { World } from '../../world.ts';
import { writeOutput } from './output-file.ts';
import { scrapeFile } from './scrape-file.ts';

export interface ExportOptions extends LookupOptions {
  readonly csv?: boolean;
  readonly json?: boolean;
  readonly prometheus?: boolean;
  readonly scrape?: boolean;
  /** Standard output by default. */
  readonly out?: string;
}

const measured =
  (form: (data: RunData) => string) =>
  async ({ run, connection }: FoundRun) =>
    form(await readRunData(connection.host, run));

const FORMS = {
  csv: measured(csvOf),
  json: measured(jsonOf),
  prometheus: measured(openMetricsOf),
  scrape: scrapeFile,
} as const;

/** `dyn-slurm export [RUN] --csv|--json|--prometheus|--scrape`: a run for other programs. */
export async function exportRun(
  query: string | undefined,
  options: ExportOptions,
  world: World,
): Promise<number> {
  const asked = (['csv', 'json', 'prometheus', 'scrape'] as const).filter((form) => options[form]);
  const [form] = asked;
  if (form === undefined || asked.length > 1) {
    throw new DynSlurmError('usage', 'choose one format: --csv, --json, --prometheus or --scrape');
  }
  const text = await FORMS[form](await lookUpRun(query, options, world));
  if (options.out === undefined) world.out.write(text);
  else {
    // Prometheus runs as a user of its own, and targets are no secret.
    const mode = form === 'scrape' ? 0o644 : 0o600;
    world.out.write(`${await writeOutput(options.out, text, world, mode)}\n`);
  }
  return EXIT.ok;
}
