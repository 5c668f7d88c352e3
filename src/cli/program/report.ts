import { CLUSTER, OF_CLUSTER, RUN, type Tree } from './tree.ts';

/** The commands on what runs have left. */
export function reportCommands({ add, addForRun, json, does }: Tree): void {
  add('report', 'write a report of runs or of a group, as one HTML file', [
    ['report', 'the newest run'],
    ['report dsr1-3fa29c -o r1.html --open', 'to a file, then open it'],
    ['report dsr1-3fa29c dsr1-8c11d2', 'two runs and their differences'],
  ])
    .argument('[run...]', RUN)
    .option('-o, --out <file>', 'file to write (default: RUN.html in the current folder)')
    .option('--open', 'open the report in a browser')
    .option(CLUSTER, OF_CLUSTER)
    .action(does(async () => (await import('../commands/report/report.ts')).report));
  add('compare', 'compare the results and configs of two runs', [
    ['compare dsr1-3fa29c dsr1-8c11d2', 'measurements at the same load, with their noise, and the configs'],
  ])
    .argument('<before>', 'run id or the start of one, job number, or run folder')
    .argument('<after>', 'the other run')
    .option(CLUSTER, OF_CLUSTER)
    .addOption(json())
    .action(does(async () => (await import('../commands/report/compare.ts')).compareRuns));
  addForRun('export', "export a run's measurements for other programs", [
    ['export dsr1-3fa29c --csv -o r1.csv', 'one row per value: benchmarks, load over time, events'],
    ['export --prometheus', 'the newest run, in OpenMetrics format with timestamps'],
    ['export --scrape -o targets.json', 'for a Prometheus that scrapes the service itself'],
  ])
    .option('--csv', 'print a CSV table')
    .option('--json', 'print one JSON object')
    .option('--prometheus', 'print samples in OpenMetrics format, for promtool')
    .option('--scrape', 'print the metrics endpoints of a live run, for file_sd_configs of Prometheus')
    .option('-o, --out <file>', 'file to write (default: standard output)')
    .action(does(async () => (await import('../commands/report/export.ts')).exportRun));
}
