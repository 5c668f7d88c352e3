import { Option } from 'commander';
import { CLUSTER, CLUSTER_TEXT, CONFIG, type Tree } from './tree.ts';

/** The commands that need no cluster. */
export function configCommands({ program, add, json, does }: Tree): void {
  program.commandsGroup('Write a config:');
  add('check', 'check a config and report all of its problems', [
    ['check config.yaml', 'exit 3 on errors'],
    ['check config.yaml --cluster hopper --provenance', 'where each value comes from'],
    ['check - < config.yaml', 'read standard input'],
  ])
    .argument('<config>', CONFIG)
    .option(CLUSTER, CLUSTER_TEXT)
    .option('--provenance', 'show where each value comes from')
    .option('--strict', 'treat warnings as errors')
    .addOption(json())
    .action(does(async () => (await import('../commands/config/check.ts')).check));
  add('explain', 'describe a key of the config', [
    ['explain', 'all keys'],
    ['explain frontend.router_mode', 'one of them'],
  ])
    .argument('[key]', 'path of a key, such as slurm.time')
    .addOption(json())
    .action(does(async () => (await import('../commands/config/explain.ts')).explain));
  add('topologies', 'list the published topologies, or show one', [
    ['topologies', 'all of them'],
    ['topologies docs-dsr1-wideep-h100', 'one, with its source and notes'],
  ])
    .argument('[name]', 'topology to show')
    .addOption(json())
    .action(does(async () => (await import('../commands/config/topologies.ts')).topologies));
  add('schema', 'print the JSON Schema of configs, for editors', [
    ['schema > schema.json', 'then: # yaml-language-server: $schema=schema.json'],
  ]).action(does(async () => (await import('../commands/config/schema.ts')).schema));
  add('trust', "allow a project's cluster profile to run programs", [
    ['trust .dyn-slurm/clusters/hopper.yaml', 'only this exact content'],
    ['trust', 'all profiles of the project'],
    ['trust --list', 'list trusted profiles, and whether they have changed'],
    ['trust --remove .dyn-slurm/clusters/hopper.yaml', 'stop trusting it'],
  ])
    .argument('[file]', 'file .dyn-slurm/clusters/NAME.yaml (default: all of the project)')
    .addOption(new Option('--list', 'list trusted profiles').conflicts('remove'))
    .option('--remove', 'stop trusting this profile')
    .addOption(json())
    .action(does(async () => (await import('../commands/trust.ts')).trust));

  program.commandsGroup('See what would run:');
  add('plan', 'show nodes, workers, ports and commands', [
    ['plan config.yaml', 'as text'],
    ['plan config.yaml --json | jq .processes', 'as JSON'],
  ])
    .argument('<config>', CONFIG)
    .option(CLUSTER, CLUSTER_TEXT)
    .addOption(json())
    .action(does(async () => (await import('../commands/config/plan.ts')).plan));
  add('render', "write the job's files to a folder", [
    ['render config.yaml --out job', 'then read job/job.sbatch'],
  ])
    .argument('<config>', CONFIG)
    .requiredOption('--out <folder>', 'new or empty folder')
    .option('--force', 'write even if the folder is not empty')
    .option(CLUSTER, CLUSTER_TEXT)
    .action(does(async () => (await import('../commands/config/render.ts')).render));
}
