import { InvalidArgumentError, Option } from 'commander';
import type { PagePlace } from '../views/live/gauges.ts';
import {
  CLUSTER,
  collect,
  numberIn,
  OF_CLUSTER,
  PENDING_LIMIT,
  PENDING_TEXT,
  RUN,
  type Tree,
  timeSpan,
} from './tree.ts';

/** The commands on runs. */
export function observeCommands({ program, add, addForRun, json, does }: Tree): void {
  program.commandsGroup('See it run:');
  add('status', 'list recent runs, or show one or a group in detail', [
    ['status', 'the newest 20'],
    ['status dsr1-3fa29c', "one run; the exit code is the run's"],
    ['status --limit 100', 'the newest 100; --all lists all'],
  ])
    .argument('[run]', 'run id or the start of one, job number, or run folder (default: list recent runs)')
    .option(CLUSTER, OF_CLUSTER)
    .option('--limit <count>', 'maximum number of runs to list (default: 20)', wholeNumber)
    .addOption(new Option('--all', 'list all runs').conflicts('limit'))
    .addOption(json())
    .action(does(async () => (await import('../commands/run/status.ts')).status));
  add('nodes', 'list the nodes that are excluded from new jobs because they failed earlier runs', [
    ['nodes', 'with the reasons; an exclusion ends after a day'],
    ['nodes --forget gpu17', 'allow it in new jobs now'],
  ])
    .option(CLUSTER, OF_CLUSTER)
    .option('--forget <node>', 'allow this node in new jobs again')
    .addOption(json())
    .action(does(async () => (await import('../commands/nodes.ts')).nodes));
  add('watch', 'follow runs or a group until they end', [
    ['watch', 'the newest run'],
    ['watch dsr1-3fa29c --json', 'one event per line'],
    ['watch dsr1-3fa29c dsr1-8c11d2', 'several at once'],
    ['watch --pending-limit 30m', 'give up if the job does not start in 30 minutes'],
    ['watch --prometheus 9500', 'expose its metrics at http://127.0.0.1:9500/metrics'],
  ])
    .argument('[run...]', RUN)
    .option(CLUSTER, OF_CLUSTER)
    .option('--every <seconds>', 'seconds between polls of the service (default: 1)', seconds)
    .option(
      '--prometheus <[address:]port>',
      'expose Prometheus metrics on this address (default host: 127.0.0.1)',
      pagePlace,
    )
    .option(PENDING_LIMIT, PENDING_TEXT, timeSpan)
    .addOption(json())
    .action(does(async () => (await import('../commands/watch/watch.ts')).watch));
  addForRun('logs', 'show the logs of a run', [
    ['logs -f', "the newest run's logs, as they grow"],
    ['logs dsr1-3fa29c decode-0', 'one worker of one run'],
    ['logs prefill', 'all prefill workers of the newest run'],
    ["logs --role decode --grep 'error|timeout' --since 10m", 'what went wrong in the last ten minutes'],
  ])
    .argument('[worker]', 'a worker, service or role')
    .option('-f, --follow', 'keep printing as the logs grow')
    .option('-n, --lines <count>', 'only the last <count> lines of each log', wholeNumber)
    .option('--role <role>', 'only workers of this role')
    .option('--node <node>', 'only logs from this node')
    .option('--grep <pattern>', 'only lines that match this regular expression')
    .option('--since <time>', 'only lines since this time: 10m (ago), 14:05, 2025-11-24T14:05')
    .addOption(json())
    .action(does(async () => (await import('../commands/logs/logs.ts')).logs));
  addForRun('profile', 'profile workers while they serve, and list the traces', [
    ['profile --role decode', 'all decode workers of the newest run, for 20 forward passes'],
    ['profile dsr1-3fa29c --worker decode-0 --steps 100', 'one worker, for 100 forward passes'],
    ['profile --role prefill --tool nsys --seconds 5', 'in a run whose config has profile: {tool: nsys, …}'],
  ])
    .option('--role <role>', 'profile workers of this role; required if the run has several roles')
    .option('--worker <worker>', 'profile only this worker, such as decode-0; may be repeated', collect)
    .addOption(
      new Option('--tool <tool>', 'profiler: torch, or nsys where the workers run under it')
        .choices(['torch', 'nsys'])
        .default('torch'),
    )
    .option('--seconds <seconds>', 'duration in seconds, instead of --steps', seconds)
    .addOption(
      new Option(
        '--steps <count>',
        'number of forward passes, after which the engine stops by itself (default: 20)',
      )
        .argParser(countOf)
        .conflicts('seconds'),
    )
    .option(
      '--activities <list>',
      'activities that torch records: CPU, GPU, MEM, RPD, XPU (default: CPU,GPU)',
      activities,
    )
    .addOption(json())
    .action(does(async () => (await import('../commands/profile/profile.ts')).profile));
  addForRun('forward', 'forward a local port to the frontend of a run, over ssh', [
    ['forward', 'the newest run; then: curl http://127.0.0.1:8000/v1/models'],
    ['forward dsr1-3fa29c --port 9000', 'on another local port'],
  ])
    .option(
      '--port <port>',
      "local port on 127.0.0.1 (default: the frontend's port if it is free, else any)",
      wholeNumber,
    )
    .action(does(async () => (await import('../commands/run/forward.ts')).forward));
  addForRun('cancel', 'cancel a run or a group and wait until it is torn down', [
    ['cancel', 'the newest run'],
    ['cancel dsr1-3fa29c --no-wait', 'do not wait for the teardown'],
  ])
    .option('--no-wait', 'do not wait for the teardown')
    .addOption(json())
    .action(does(async () => (await import('../commands/run/cancel.ts')).cancel));
  add('remove', 'delete the folders of runs that have ended', [
    ['remove dsr1-3fa29c', 'one run, after a confirmation'],
    ['remove --older-than 30d --yes', 'all ended runs older than 30 days, without confirmation'],
  ])
    .argument('[run...]', 'run id or the start of one, job number, or run folder')
    .option(
      '--older-than <time>',
      'remove all ended runs that were submitted longer ago than this, such as 30d',
      timeSpan,
    )
    .option('--yes', 'do not ask for confirmation')
    .option(CLUSTER, OF_CLUSTER)
    .addOption(json())
    .action(does(async () => (await import('../commands/run/remove.ts')).remove));
}

const seconds = numberIn(/^\d+(\.\d+)?$/, 0.2, 3600, 'It must be seconds, from 0.2 to 3600.');
const countOf = numberIn(/^\d{1,6}$/, 1, 999_999, 'It must be a whole number, 1 or more.');
const wholeNumber = numberIn(/^\d{1,9}$/, 0, 999_999_999, 'It must be a whole number.');

const ACTIVITIES = ['CPU', 'GPU', 'MEM', 'RPD', 'XPU'];

function activities(text: string): readonly string[] {
  const list = text.toUpperCase().split(',');
  if (list.every((each) => ACTIVITIES.includes(each))) return list;
  throw new InvalidArgumentError(`It must be a list of ${ACTIVITIES.join(', ')}.`);
}

function pagePlace(text: string): PagePlace {
  const [, address = '127.0.0.1', digits = ''] = /^(?:\[?([^\]]+)\]?:)?(\d{1,5})$/.exec(text) ?? [];
  if (digits !== '' && Number(digits) <= 65_535) return { address, port: Number(digits) };
  throw new InvalidArgumentError('It must be PORT or ADDRESS:PORT.');
}
