import { Command, CommanderError, Option } from 'commander';
import { EXIT } from '../errors.ts';
import type { CheckOptions } from './check.ts';
import type { ExplainOptions } from './explain.ts';
import type { PlanOptions } from './plan.ts';
import type { RenderOptions } from './render.ts';
import type { SubmitOptions } from './submit.ts';
import type { TopologiesOptions } from './topologies.ts';
import type { World } from './world.ts';

const CLUSTER = '--cluster <name>';
const CLUSTER_TEXT = 'cluster profile; `local` is the stand-in on this machine';

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
    .argument('<config>', 'YAML file, or - for standard input')
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
    .argument('<config>', 'YAML file, or - for standard input')
    .option(CLUSTER, CLUSTER_TEXT)
    .addOption(json())
    .action(async (file: string, options: PlanOptions) => {
      const { plan } = await import('./plan.ts');
      exit(await plan(file, options, world));
    });
  add('render', 'write the job’s files to a folder', [
    ['render config.yaml --out job', 'then read job/job.sbatch'],
  ])
    .argument('<config>', 'YAML file, or - for standard input')
    .requiredOption('--out <folder>', 'new or empty folder')
    .option('--force', 'write into a folder that is not empty')
    .option(CLUSTER, CLUSTER_TEXT)
    .action(async (file: string, options: RenderOptions) => {
      const { render } = await import('./render.ts');
      exit(await render(file, options, world));
    });

  program.commandsGroup('Run it:');
  add('submit', 'submit the job', [
    ['submit config.yaml --dry-run', 'print the request instead of sending it'],
    ['submit config.yaml --watch', 'follow the run until it ends'],
    ['submit config.yaml --cluster local', 'run on this machine'],
  ])
    .argument('<config>', 'YAML file, or - for standard input')
    .option('--dry-run', 'print what would be sent, and send nothing')
    .option(CLUSTER, CLUSTER_TEXT)
    .option('--watch', 'follow the run until it ends')
    .addOption(json())
    .action(async (file: string, options: SubmitOptions) => {
      const { submit } = await import('./submit.ts');
      exit(await submit(file, options, world));
    });
  return program;
}

type Example = readonly [command: string, meaning: string];

function examples(shown: readonly Example[]): string {
  const width = Math.max(...shown.map(([command]) => command.length));
  const lines = shown.map(([command, meaning]) => `  dyn-slurm ${command.padEnd(width)}  # ${meaning}`);
  return `\nExamples:\n${lines.join('\n')}\n`;
}
