import type { ReportOptions } from '../report.ts';
import { CLUSTER, OF_CLUSTER, RUN, type Tree } from './tree.ts';

/** The commands on what runs have left. */
export function reportCommands({ add, exit, world }: Tree): void {
  add('report', 'write a report of runs, as one HTML file', [
    ['report', 'of the newest run'],
    ['report dsr1-3fa29c -o r1.html --open', 'to a file, and look at it'],
    ['report dsr1-3fa29c dsr1-8c11d2', 'two runs, and how far they differ'],
  ])
    .argument('[run...]', RUN)
    .option('-o, --out <file>', 'file to write; by default RUN.html in the current folder')
    .option('--open', 'open it in a browser')
    .option(CLUSTER, OF_CLUSTER)
    .action(async (queries: readonly string[], options: ReportOptions) => {
      const { report } = await import('../report.ts');
      exit(await report(queries, options, world));
    });
}
