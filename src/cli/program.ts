import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { EXIT } from '../errors.ts';
import type { CancelOptions } from './cancel.ts';
import type { CheckOptions } from './check.ts';
import type { ExplainOptions } from './explain.ts';
import type { LogsOptions } from './logs.ts';
import type { PlanOptions } from './plan.ts';
import type { RehearseOptions } from './rehearse.ts';
import type { RenderOptions } from './render.ts';
import type { SetupOptions } from './setup.ts';
import type { StatusOptions } from './status.ts';
import type { SubmitOptions } from './submit.ts';
import type { TopologiesOptions } from './topologies.ts';
import type { WatchOptions } from './watch.ts';
import type { World } from './world.ts';

const CLUSTER = '--cluster <name>';
const CONFIG = 'YAML file, or - for standard input';
const RUN = 'id of a run or its beginning, its job’s number, or its folder; the newest by default';
const CLUSTER_TEXT = 'cluster profile; `local` is this machine, with a stand-in for Slurm';

/** Runs the command that `argv` (without node and script) names; returns the exit code. */
export async function run(argv: readonly string[], version: string, world: World): Promise<number> {
  let code: number = EXIT.ok;
  const program = tree(version, world, (value) => {
    code = value;
  });
  try {
    await program.parseAsync(argv as string[], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return code;
}

function tree(version: string, world: World, exit: (code: number) => void): Command {
  const program = new Command('dyn-slurm')
    .description('One short YAML file to a running multi-node inference service on Slurm.')
    .version(version, '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.out.write(text),
      writeErr: (text) => world.err.write(text),
      getOutHelpWidth: () => world.columns,
      getErrHelpWidth: () => world.columns,
      getOutHasColors: () => world.color,
      getErrHasColors: () => world.color,
    })
    .addHelpCommand(
      new Command('help').argument('[command]').description('show the help of a command').helpGroup('More:'),
    )
    .configureHelp({ styleTitle: (title) => `\u001b[1m${title}\u001b[22m` })
    .addHelpText(
      'after',
      examples([
        ['rehearse configs/dsr1-wideep-h100.yaml', 'run the whole job on this machine, without GPUs'],
        ['submit config.yaml --dry-run', 'see everything that Slurm would get'],
        ['submit config.yaml --watch', 'run it'],
      ]),
    );

  const add = (usage: string, summary: string, shown: readonly Example[]) =>
    program.command(usage).description(summary).addHelpText('after', examples(shown));
  const json = () => new Option('--json', 'print data for programs');

  program.commandsGroup('Write a config:');
  add('check', 'report every problem of a config at once', [
    ['check config.yaml', 'exit 3 on errors'],
    ['check config.yaml --cluster hopper --provenance', 'where each value comes from'],
    ['check - < config.yaml', 'read standard input'],
  ])
    .argument('<config>', CONFIG)
    .option(CLUSTER, CLUSTER_TEXT)
    .option('--provenance', 'show where each value comes from')
    .option('--strict', 'treat warnings as errors')
    .addOption(json())
    .action(async (file: string, options: CheckOptions) => {
      const { check } = await import('./check.ts');
      exit(await check(file, options, world));
    });
  add('explain', 'describe a key of the config', [
    ['explain', 'all keys'],
    ['explain frontend.router_mode', 'one of them'],
  ])
    .argument('[key]', 'path of a key, such as slurm.time')
    .addOption(json())
    .action(async (key: string | undefined, options: ExplainOptions) => {
      const { explain } = await import('./explain.ts');
      exit(await explain(key, options, world));
    });
  add('topologies', 'list the published topologies, or show one', [
    ['topologies', 'all of them'],
    ['topologies docs-dsr1-wideep-h100', 'one, with its source and notes'],
  ])
    .argument('[name]', 'topology to show')
    .addOption(json())
    .action(async (name: string | undefined, options: TopologiesOptions) => {
      const { topologies } = await import('./topologies.ts');
      exit(await topologies(name, options, world));
    });
  add('schema', 'print the JSON Schema of configs, for editors', [
    ['schema > schema.json', 'then: # yaml-language-server: $schema=schema.json'],
  ]).action(async () => {
    const { schema } = await import('./schema.ts');
    exit(await schema(world));
  });

  program.commandsGroup('See what would run:');
  add('plan', 'show nodes, workers, ports and commands', [
    ['plan config.yaml', 'for reading'],
    ['plan config.yaml --json | jq .processes', 'for programs'],
  ])
    .argument('<config>', CONFIG)
    .option(CLUSTER, CLUSTER_TEXT)
    .addOption(json())
    .action(async (file: string, options: PlanOptions) => {
      const { plan } = await import('./plan.ts');
      exit(await plan(file, options, world));
    });
  add('render', 'write the job’s files to a folder', [
    ['render config.yaml --out job', 'then read job/job.sbatch'],
  ])
    .argument('<config>', CONFIG)
    .requiredOption('--out <folder>', 'new or empty folder')
    .option('--force', 'write into a folder that is not empty')
    .option(CLUSTER, CLUSTER_TEXT)
    .action(async (file: string, options: RenderOptions) => {
      const { render } = await import('./render.ts');
      exit(await render(file, options, world));
    });

  program.commandsGroup('Run it:');
  add('rehearse', 'run the job on this machine, without GPUs or Slurm', [
    ['rehearse config.yaml', 'real etcd, NATS and frontends; mock engines'],
    ['rehearse config.yaml --keep', 'leave the service running'],
    ['rehearse config.yaml --fault decode-0:kill@ready+2', 'see how a failure looks'],
  ])
    .argument('<config>', CONFIG)
    .option('--speedup <times>', 'how much faster than real engines the mock engines answer', '10')
    .option('--prompt <text>', 'what to ask once it is ready')
    .option('--keep', 'leave the service running')
    .option('--fault <fault...>', 'let something go wrong: STEP[.RANK]:ACTION[@WHEN]')
    .option(CLUSTER, CLUSTER_TEXT)
    .addOption(json())
    .action(async (file: string, options: RehearseOptions) => {
      const { rehearse } = await import('./rehearse.ts');
      exit(await rehearse(file, options, world));
    });
  add('submit', 'submit the job to Slurm', [
    ['submit config.yaml --dry-run', 'print the request instead of sending it'],
    ['submit config.yaml --watch', 'follow the run until it ends'],
    ['submit config.yaml --cluster local', 'on this machine, as rehearse does'],
  ])
    .argument('<config>', CONFIG)
    .option('--dry-run', 'print what would be sent, and send nothing')
    .option(CLUSTER, CLUSTER_TEXT)
    .option('--watch', 'follow the run until it ends')
    .addOption(json())
    .action(async (file: string, options: SubmitOptions) => {
      const { submit } = await import('./submit.ts');
      exit(await submit(file, options, world));
    });
  add('setup', 'install the tools of a rehearsal', [
    ['setup', 'etcd, NATS, nginx and Dynamo, in a cache folder of yours'],
  ])
    .option('--with-tests', 'also what only the tests of dyn-slurm need')
    .addOption(json())
    .action(async (options: SetupOptions) => {
      const { setup } = await import('./setup.ts');
      exit(await setup(options, world));
    });

  program.commandsGroup('See it run:');
  const addForRun = (name: string, summary: string, shown: readonly Example[]) =>
    add(name, summary, shown)
      .argument('[run]', RUN)
      .option(CLUSTER, 'look only among the runs of this cluster');
  addForRun('status', 'show the recent runs, or one in full', [
    ['status', 'all of them'],
    ['status dsr1-3fa29c', 'one; exits as the run did'],
  ])
    .addOption(json())
    .action(async (query: string | undefined, options: StatusOptions) => {
      const { status } = await import('./status.ts');
      exit(await status(query, options, world));
    });
  addForRun('watch', 'follow a run until it ends', [
    ['watch', 'the newest run'],
    ['watch dsr1-3fa29c --json', 'one event a line'],
  ])
    .addOption(json())
    .action(async (query: string | undefined, options: WatchOptions) => {
      const { watch } = await import('./watch.ts');
      exit(await watch(query, options, world));
    });
  addForRun('logs', 'show what the processes of a run printed', [
    ['logs -f', 'of the newest run, as they grow'],
    ['logs dsr1-3fa29c decode-0', 'one worker of one run'],
    ['logs prefill', 'all prefill workers of the newest run'],
  ])
    .argument('[worker]', 'a worker, service or role')
    .option('-f, --follow', 'go on as the logs grow')
    .option('-n, --lines <count>', 'only the last so many of each log', wholeNumber)
    .action(async (first: string | undefined, second: string | undefined, options: LogsOptions) => {
      const { logs } = await import('./logs.ts');
      exit(await logs({ first, second }, options, world));
    });
  addForRun('cancel', 'end a run and see it torn down', [
    ['cancel', 'the newest run'],
    ['cancel dsr1-3fa29c --no-wait', 'do not wait for the teardown'],
  ])
    .option('--no-wait', 'do not wait for the teardown')
    .addOption(json())
    .action(async (query: string | undefined, options: CancelOptions) => {
      const { cancel } = await import('./cancel.ts');
      exit(await cancel(query, options, world));
    });
  return program;
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

type Example = readonly [command: string, meaning: string];

function examples(shown: readonly Example[]): string {
  const width = Math.max(...shown.map(([command]) => command.length));
  const lines = shown.map(([command, meaning]) => `  dyn-slurm ${command.padEnd(width)}  # ${meaning}`);
  return `\nExamples:\n${lines.join('\n')}\n`;
}
