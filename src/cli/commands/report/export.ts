import { DynSlurmError, EXIT } from '../../../errors.ts';
import { endpointsOf } from '../../../observe/service/endpoints.ts';
import { scrapeTargets } from '../../../observe/service/scrape-targets.ts';
import { csvOf, jsonOf, openMetricsOf } from '../../../report/export.ts';
import { readRunData } from '../../../report/read.ts';
import type { RunData } from '../../../report/run-data.ts';
import { readRunState } from '../../../run/event-log.ts';
import { readPlan } from '../../../run/plan-file.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import { lookUpRun } from '../../runs/lookup.ts';
import { jsonText } from '../../sink.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';
import { writeOutput } from './output-file.ts';

export interface ExportOptions extends RunOptions {
  readonly csv?: boolean;
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

/**
 * The targets of a run for Prometheus' file_sd_configs, at the addresses and ports that its latest attempt has.
 * @throws DynSlurmError `usage` where its nodes are not known yet
 */
async function scrapeFile({ run, connection: { host } }: FoundRun): Promise<string> {
  const endpoints = endpointsOf(await readPlan(host, run), await readRunState(host, run));
  if (endpoints !== undefined) return jsonText(scrapeTargets(run.id, endpoints));
  throw new DynSlurmError('usage', `run ${run.id} has no nodes yet`, {
    hint: `see \`dyn-slurm status ${run.id}\`; its targets are known once it runs`,
  });
}
