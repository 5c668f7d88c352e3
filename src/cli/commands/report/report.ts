import { join } from 'node:path';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import { localHost } from '../../../host/local.ts';
import { page } from '../../../report/page.ts';
import { readRunData } from '../../../report/read.ts';
import { type LookupOptions, lookUpEach } from '../../runs/lookup.ts';
import { noteBadNodes } from '../../runs/nodes/ledger.ts';
import { reportRuns } from '../../runs/report.ts';
import type { World } from '../../world.ts';
import { writeOutput } from './output-file.ts';

export interface ReportOptions extends LookupOptions {
  /** File to write, relative to the current folder. */
  readonly out?: string;
  readonly open?: boolean;
}

/** `dyn-slurm report RUN...`: one HTML file on one or several runs; its path goes to standard output. */
export async function report(
  queries: readonly string[],
  options: ReportOptions,
  world: World,
): Promise<number> {
  const found = await lookUpEach(queries, options, world);
  const runs = [];
  for (const { run, connection, state, unreachable } of await reportRuns(found, world)) {
    const data = await readRunData(connection.host, run);
    await noteBadNodes({ run, connection }, data.state, world, data.known);
    const goesOn = !state.verdict && !unreachable;
    runs.push({ ...data, ...(goesOn && { now: world.now().toISOString() }) });
  }
  // Of a group, retries that were not needed say nothing.
  const shown = runs.filter(({ run, events }) => run.job?.retryOf === undefined || events.length > 0);
  const [first] = runs;
  const group = queries.length === 1 ? first?.run.job?.group : undefined;
  const name = runs.length === 1 && first ? `${first.run.id}.html` : `${group ?? 'report'}.html`;
  const asset = (file: string) => world.readFile(join(world.packageRoot, 'dist/report', file));
  const [script, style] = await Promise.all([asset('main.js'), asset('main.css')]);
  const text = page(shown.length > 0 ? shown : runs, { script, style }, world.now());
  const path = await writeOutput(options.out ?? name, text, world);
  world.out.write(`${path}\n`);
  if (options.open) await openInBrowser(path, world);
  return EXIT.ok;
}

/** Programs that open a file as the desktop would; the first that there is. */
const OPENERS = ['xdg-open', 'open'];

/** Without one, as on a login node, the command says so and still succeeds. */
async function openInBrowser(path: string, world: World): Promise<void> {
  const host = localHost({ path: [], env: world.env });
  for (const opener of OPENERS) {
    try {
      const { exitCode } = await host.exec([opener, path], { timeout: 15_000, signal: world.signal });
      if (exitCode === 0) return;
    } catch (error) {
      if (!(error instanceof DynSlurmError) || error.code !== 'connection') throw error;
    }
  }
  world.err.write('cannot open a browser here; open the file yourself\n');
}
