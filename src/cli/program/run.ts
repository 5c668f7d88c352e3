import { Option } from 'commander';
import { ENGINE_NAMES } from '../../rehearsal/engines/catalog.ts';
import { collect, numberIn, PENDING_LIMIT, PENDING_TEXT, type Tree, timeSpan } from './tree.ts';

/** The commands that start a job. */
export function runCommands({ program, add, addForConfig, json, does }: Tree): void {
  program.commandsGroup('Run it:');
  addForConfig('rehearse', 'run the job on this machine, without GPUs or Slurm', [
    ['rehearse config.yaml', 'real etcd, NATS and frontends; mock engines'],
    ['rehearse config.yaml --keep', 'keep the service running'],
    ['rehearse config.yaml --engine cpu', "SGLang's CPU engine; after `setup --engine sglang-cpu`"],
    ['rehearse config.yaml --fault decode-0:kill@ready+2', 'see what a failure looks like'],
  ])
    .addOption(
      new Option('--engine <engine>', 'what serves: mock engines, or a real one on the CPU with a tiny model')
        .choices(['mock', 'cpu'])
        .default('mock'),
    )
    .option('--speedup <times>', 'speed of the mock engines relative to real engines', '10')
    .option('--prompt <text>', 'prompt to send once the service is ready (default: a built-in question)')
    .option('--keep', 'keep the service running until it is canceled')
    .option('--setup', "run the config's setup, on this machine; without it, it is left out")
    .option('--fault <fault...>', 'inject a fault: STEP[.RANK]:ACTION[@WHEN]; may be repeated')
    .addOption(json())
    .action(does(async () => (await import('../commands/rehearse/rehearse.ts')).rehearse));
  addForConfig('serve', "serve on this machine's GPUs, without Slurm", [
    ['serve config.yaml', 'until Ctrl-C, which ends it once its requests are answered'],
    ['serve config.yaml --set prefill.gpu_share=0.5 --set decode.gpu_share=0.5', 'both on one GPU'],
    ['serve config.yaml --detach', 'in the background; end it with `dyn-slurm cancel`'],
  ])
    .option('--image <image>', 'start its steps in this image, by enroot or docker')
    .option('--detach', 'return once it has been started, and leave it running')
    .addOption(json())
    .action(does(async () => (await import('../commands/serve/serve.ts')).serve));
  addForConfig('submit', 'submit the job to Slurm', [
    ['submit config.yaml --dry-run', 'show commands, resources, open ports and files that remain'],
    ['submit config.yaml --dry-run --full', 'also print every file of the job'],
    ['submit config.yaml --test-only', 'whether Slurm would accept it, and when it would start'],
    ['submit config.yaml --watch', 'follow the run until it ends'],
    ['submit sweep.yaml --max-jobs 2', 'all of its variants, two at a time'],
    ['submit config.yaml --after dsr1-3fa29c', 'start when that run has ended'],
    ['submit config.yaml --cluster local', 'on this machine, without GPUs or Slurm'],
    ['submit config.yaml --cluster local --engine real', "on this machine's GPUs, in the background"],
  ])
    .addOption(
      new Option('--dry-run', 'print what would be submitted, and submit nothing').conflicts([
        'testOnly',
        'watch',
      ]),
    )
    .option('--full', 'with --dry-run: also print every file of the job')
    .addOption(
      new Option('--test-only', 'let Slurm check the job and estimate its start; submit nothing').conflicts([
        'watch',
        'retries',
      ]),
    )
    .option('--watch', 'follow the run until it ends')
    .addOption(
      new Option('--engine <kind>', 'on the cluster `local`: what serves (default: mock)')
        .choices(['mock', 'real'])
        .conflicts(['dryRun', 'testOnly', 'maxJobs', 'chain', 'after', 'afterOk', 'retries']),
    )
    .addOption(
      new Option(
        '--max-jobs <count>',
        'of several variants: how many may run at a time (default: all)',
      ).argParser(jobCount),
    )
    .addOption(
      new Option('--chain', 'of several variants: one after the other, as --max-jobs 1').implies({
        maxJobs: 1,
      }),
    )
    .addOption(
      new Option(PENDING_LIMIT, `${PENDING_TEXT}; implies --watch`)
        .argParser(timeSpan)
        .implies({ watch: true })
        .conflicts(['maxJobs', 'chain']),
    )
    .option('--after <run>', 'start when this run or job has ended; may be repeated', collect)
    .option('--after-ok <run>', 'start when this run or job has succeeded; may be repeated', collect)
    .option(
      '--retries <count>',
      'number of fallback runs; each starts only if all earlier runs failed (default: 0)',
      retryCount,
    )
    .addOption(json())
    .action(does(async () => (await import('../commands/submit/submit.ts')).submit));
  add('setup', 'install the tools that rehearsals need, or an engine', [
    ['setup', 'etcd, NATS, nginx and Dynamo, in your cache folder'],
    ['setup --engine sglang-cpu', "SGLang's CPU engine, for `rehearse --engine cpu`"],
    ['setup --engine sglang --download wheels', 'only fill a folder, for a machine without network'],
    ['setup --engine sglang --wheels wheels', 'there: install from that folder'],
  ])
    .addOption(
      new Option('--engine <name>', 'install this engine instead, with Dynamo').choices(ENGINE_NAMES),
    )
    .addOption(
      new Option('--wheels <folder>', 'with --engine: take wheels from this folder, not from the network'),
    )
    .addOption(
      new Option(
        '--download <folder>',
        'with --engine: put its wheels into this folder, and install nothing',
      ).conflicts('wheels'),
    )
    .option('--with-tests', "also install the tools that dyn-slurm's own tests need")
    .addOption(json())
    .action(does(async () => (await import('../commands/rehearse/setup.ts')).setup));
}

const jobCount = numberIn(/^\d{1,3}$/, 1, 200, 'It must be a whole number from 1 to 200.');
const retryCount = numberIn(/^\d{1,2}$/, 0, 20, 'It must be a whole number up to 20.');
