import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../config/text/duration.ts';
import type { Tree } from './tree.ts';

/** The commands that need no cluster. */
export function configCommands({ program, add, addForConfig, json, does }: Tree): void {
  program.commandsGroup('Write a config:');
  addForConfig('check', 'check a config and report all of its problems', [
    ['check config.yaml', 'exit 3 on errors'],
    ['check config.yaml --cluster hopper --provenance', 'where each value comes from'],
    ['check - < config.yaml', 'read standard input'],
  ])
    .option('--provenance', 'show where each value comes from')
    .option('--strict', 'treat warnings as errors')
    .addOption(json())
    .action(does(async () => (await import('../commands/config/check.ts')).check));
  add('import', 'write recipes of srt-slurm as configs', [
    ['import recipe.yaml > config.yaml', 'one recipe'],
    ['import recipes --out configs --check', 'a folder; plan each, and compare it with its recipe'],
    ["import recipe.yaml --select '*mtp*' --out configs", 'some variants of a recipe'],
    ['import submit.sh > config.yaml', 'a script that runs submit_job_script.py or submit_disagg.sh'],
  ])
    .argument('<path...>', 'recipes, folders of recipes, a script or the words of a command line')
    .option('--out <folder>', 'write configs there, instead of one to standard output')
    .option('--force', 'replace files in that folder')
    .option('--check', 'plan each config, and compare the plan with the recipe')
    .option('--select <variant>', 'import only this variant, such as override_mtp; * stands for any text')
    .option('--profile <file>', "the cluster's srtslurm.yaml, which names its models, images and account")
    .addOption(json())
    .action(does(async () => (await import('../commands/import/import.ts')).importRecipes));
  add('explain', 'describe a key of the config', [
    ['explain', 'all keys'],
    ['explain frontend.router_mode', 'one of them'],
  ])
    .argument('[key]', 'path of a key, such as slurm.time')
    .addOption(json())
    .action(does(async () => (await import('../commands/config/explain.ts')).explain));
  add('topologies', 'list the published topologies, or show one', [
    ['topologies', 'all of them'],
    ['topologies --model deepseek-r1 --gpu b200', 'those for a model and a GPU'],
    ['topologies --engine vllm --goal latency', 'those of an engine, tuned for latency'],
    ['topologies --newer-than 2026-08 --json', 'those since August 2026, as JSON; 90d: of the last 90 days'],
    ['topologies docs-dsr1-wideep-h100', 'one, with its source and notes'],
  ])
    .argument('[name]', 'topology to show')
    .option('--model <text>', 'only of models whose name has this text, such as kimi or deepseek-r1')
    .option('--gpu <name>', 'only for this GPU model, or `any`: those that fit every model')
    .option('--engine <name>', 'only of this engine: sglang, vllm or trtllm')
    .option('--goal <goal>', 'only tuned for this: latency, throughput, balanced (between both), or example')
    .option(
      '--newer-than <time>',
      'only published in this time, such as 90d, or since a day, such as 2026-08-01',
      age,
    )
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
  addForConfig('plan', 'show nodes, workers, ports and commands', [
    ['plan config.yaml', 'as text'],
    ['plan sweep.yaml', 'a table of its variants'],
    ["plan 'sweep.yaml[mtp]'", 'one of them'],
    ['plan config.yaml --set decode.workers=4', 'with a key changed'],
    ['plan config.yaml --json | jq .processes', 'as JSON'],
  ])
    .addOption(json())
    .action(does(async () => (await import('../commands/config/plan.ts')).plan));
  addForConfig('render', "write the job's files to a folder", [
    ['render config.yaml --out job', 'then read job/job.sbatch'],
  ])
    .requiredOption('--out <folder>', 'new or empty folder')
    .option('--force', 'write even if the folder is not empty')
    .action(does(async () => (await import('../commands/config/render.ts')).render));
}

/** `90d` as seconds, or `2026-08-01` as that day and `2026-08` as its first. */
function age(text: string): { readonly seconds: number } | { readonly day: string } {
  const seconds = parseDuration(text);
  if (seconds) return { seconds };
  const day = text.length === '2026-08'.length ? `${text}-01` : text;
  const read = /^\d{4}-\d{2}-\d{2}$/.test(day) ? new Date(`${day}T00:00:00Z`) : undefined;
  // A day that a month lacks would be one of the next.
  if (read && !Number.isNaN(read.getTime()) && read.toISOString().startsWith(day)) return { day };
  throw new InvalidArgumentError('Write it as 90d, 2026-08-01 or 2026-08.');
}
