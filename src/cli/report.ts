import { basename, isAbsolute, join } from 'node:path';
import { DynSlurmError, EXIT } from '../errors.ts';
import { page } from '../report/page.ts';
import { readRunData } from '../report/read.ts';
import { openInBrowser } from './open-in-browser.ts';
import type { LookupOptions } from './run-lookup.ts';
import { lookUpEach } from './run-lookup.ts';
import type { World } from './world.ts';

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
  for (const { run, connection } of found) runs.push(await readRunData(connection.host, run));
  const [first] = runs;
  const name = runs.length === 1 && first ? `${first.run.id}.html` : 'report.html';
  const given = options.out ?? name;
  const path = isAbsolute(given) ? given : join(world.cwd, given);
  const asset = (file: string) => world.readFile(join(world.packageRoot, 'dist/report', file));
  const [script, style] = await Promise.all([asset('main.js'), asset('main.css')]);
  await replaceFile(path, page(runs, { script, style }, world.now()), world);
  world.out.write(`${path}\n`);
  if (options.open) await openInBrowser(path, world);
  return EXIT.ok;
}

/** A link that somebody has put there is not followed, and nobody else may read what a run says of itself. */
async function replaceFile(path: string, text: string, world: World): Promise<void> {
  const kind = await world.kind(path);
  if (kind !== undefined && kind !== 'file') {
    const what = kind === 'folder' ? 'a folder' : 'no plain file';
    throw new DynSlurmError('usage', `${basename(path)} is ${what}`, { hint: 'name a file with -o FILE' });
  }
  if (kind === 'file') await world.remove(path);
  await world.writeFile(path, text, 0o600);
}
