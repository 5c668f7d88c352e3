import type { Command } from 'commander';
import type { BenchOptions } from '../commands/bench/bench.ts';
import type { RunCommand } from '../commands/session/prompt.ts';
import { CLUSTER, CLUSTER_TEXT, CONFIG, collect, OF_CLUSTER, RUN, type Tree } from './tree.ts';

const SESSION = 'session id or the start of one, job number, or run folder (default: the newest session)';
const STEERED =
  'run id or the start of one, job number, or run folder (default: the newest run that goes on)';
const WORKERS =
  'worker names, a role for all of its workers, or `workers` for all; behind a run, if it is not the newest';

/** The commands of an interactive session, of which some take submitted jobs, too. `run` runs a line of its prompt. */
export function sessionCommands(tree: Tree, run: RunCommand): void {
  const { program, add, json, does } = tree;
  program.commandsGroup('Debug interactively:');
  const onSession = (command: Command): Command =>
    command.argument('[run]', SESSION).option(CLUSTER, OF_CLUSTER).addOption(json());
  const inRun = (command: Command, meant = STEERED): Command =>
    command.option('--run <run>', meant).option(CLUSTER, OF_CLUSTER).addOption(json());

  add('allocate', 'allocate nodes, start the service, restart workers', [
    ['allocate config.yaml', 'then `help` at the prompt'],
    ['allocate config.yaml --no-workers', 'infrastructure and frontends only'],
    ['allocate config.yaml --adopt 4242', 'in an existing job'],
    ['allocate config.yaml --cluster local', 'on this machine, with mock engines'],
  ])
    .argument('<config>', CONFIG)
    .option(CLUSTER, CLUSTER_TEXT)
    .option('--time <duration>', "time limit instead of the config's: 90m, 4h")
    .option('--no-workers', 'do not start workers yet')
    .option('--adopt [job]', 'use the nodes of an existing job (default: the job that this shell runs in)')
    .option('--no-adopt', 'request a new allocation, even inside a job')
    .option('--no-prompt', 'exit once the service is ready')
    .addOption(json())
    .action(does(async () => (await import('../commands/session/allocate.ts')).allocateWith(run)));
  onSession(
    add('attach', 'return to the prompt of a session', [
      ['attach', 'the newest'],
      ['attach dsr1-3fa29c --no-prompt', 'print how to use it, without a prompt'],
    ]),
  )
    .option('--no-prompt', 'print how to use the session, and exit')
    .action(does(async () => (await import('../commands/session/attach.ts')).attachWith(run)));
  onSession(
    add('workers', 'list the workers of a session and their changes', [['workers', 'of the newest session']]),
  ).action(does(async () => (await import('../commands/session/workers.ts')).workers));
  const steering = (verb: 'start' | 'restart', shown: Parameters<Tree['add']>[2]) =>
    inRun(add(verb, `${verb} workers of a job or session`, shown))
      .argument('<worker...>', WORKERS)
      .option(
        '--arg <name=value>',
        'engine argument as in a config; null removes it; may be repeated',
        collect,
      )
      .option('--env <name=value>', 'environment variable; null removes it; may be repeated', collect)
      .option('--reset', 'discard earlier changes')
      .option('--no-wait', 'do not wait until the workers serve')
      .action(does(async () => (await import('../commands/session/steer.ts'))[verb]));
  steering('restart', [
    ['restart decode-0 --arg mem-fraction-static=0.9', 'with a changed argument'],
    ['restart decode --arg page-size=null --env NCCL_DEBUG=INFO', 'all of a role'],
    ['restart decode-0 --reset', 'as the config has it'],
    ['restart dsr1-3fa29c decode-0', 'of a submitted job, by its run id'],
  ]);
  steering('start', [['start decode-1', 'one that was stopped, or has ended']]);
  inRun(add('stop', 'stop workers of a job or session', [['stop prefill', 'all of a role']]))
    .argument('<worker...>', WORKERS)
    .action(does(async () => (await import('../commands/session/steer.ts')).stop));
  inRun(
    add('exec', 'run a command on a node of a session', [
      ['exec 1 -- nvidia-smi', "by the node's index"],
      ['exec node3 --container -- python3 probe.py', "in the job's container"],
    ]),
    SESSION,
  )
    .argument('<node>', 'index or name')
    .argument('[command...]', 'behind --')
    .option('--container', "in the job's container")
    .action(does(async () => (await import('../commands/session/exec.ts')).exec));
  add('shell', 'open a shell on a node of a session', [['shell node3', 'the head node by default']])
    .argument('[node]', 'index or name')
    .option('--run <run>', SESSION)
    .option(CLUSTER, OF_CLUSTER)
    .option('--container', "in the job's container")
    .action(does(async () => (await import('../commands/session/exec.ts')).shell));
  benchCommand(tree);
  const ending = (command: Command, meant: string): Command =>
    command
      .argument('[run]', meant)
      .option('--no-wait', 'do not wait until it has ended')
      .option(CLUSTER, OF_CLUSTER)
      .addOption(json());
  ending(
    add('drain', 'end a job or session once its requests are answered', [
      ['drain', 'the newest run that goes on'],
      ['drain dsr1-3fa29c --no-wait', 'and leave it to it'],
    ]),
    STEERED,
  ).action(does(async () => (await import('../commands/session/release.ts')).drain));
  ending(
    add('release', 'end a session or job, and give its nodes back', [
      ['release', 'the newest session'],
      ['release dsr1-3fa29c', 'a session or a submitted job'],
    ]),
    SESSION,
  ).action(does(async () => (await import('../commands/session/release.ts')).release));
}

/** `dyn-slurm bench [RUN] [-- CMD...]`. */
function benchCommand({ program, add, json, does }: Tree): void {
  add('bench', 'benchmark a running service, or show its results', [
    ['bench dsr1-3fa29c', 'the benchmark of the config; for a run that has ended, its results'],
    ['bench --type builtin --isl 1024 --osl 128 --concurrency 1x8x32', 'from this machine'],
    ['bench dsr1 --type sglang --isl 8192 --osl 1024 --concurrency 16x64', 'as a step of the job'],
    ['bench dsr1 --resume', 'continue one that was cut off'],
    ['bench -- /lustre/load.sh', 'runs in the job; it finds DYN_SLURM_URL and DYN_SLURM_MODEL'],
  ])
    .argument('[run]', RUN)
    .argument('[command...]', 'behind --, in place of a tool')
    .option('--run <run>', RUN)
    .option('--type <tool>', 'aiperf, sglang or vllm in the job, or builtin on this machine')
    .option('--isl <tokens>', 'tokens of each prompt')
    .option('--osl <tokens>', 'tokens of each answer')
    .option('--concurrency <list>', 'concurrent requests, one measurement for each value: 16x64x256')
    .option('--requests <count>', 'requests of each measurement; by default five times its concurrency')
    .option('--rate <requests>', 'requests started per second (default: inf)')
    .option('--warmup <times>', 'warm-up requests before each measurement, in multiples of its concurrency')
    .option('--limit <duration>', 'maximum time of one measurement')
    .option('--program <words>', 'command that starts the tool')
    .option('--tokenizer <path>', 'tokenizer that the tool counts tokens with')
    .option('--arg <name=value>', 'additional argument for the tool; may be repeated', collect)
    .option('--resume [run]', 'continue a benchmark that was cut off, of that run or of this one')
    .option('--stop', 'stop the running benchmark')
    .option('--show', 'only show the results')
    .option(CLUSTER, OF_CLUSTER)
    .addOption(json())
    .action((run: string | undefined, command: readonly string[], options: BenchOptions, itself) => {
      const { query, words } = apart(run, command, program as Raw);
      const act = does(async () => (await import('../commands/bench/bench.ts')).bench);
      return act(query, words, options, itself);
    });
}

/** What stands behind `--` is a command, and none of it names a run. */
function apart(run: string | undefined, command: readonly string[], { rawArgs }: Raw) {
  const all = [...(run === undefined ? [] : [run]), ...command];
  const dashes = rawArgs.indexOf('--');
  const words = dashes < 0 ? [] : rawArgs.slice(dashes + 1);
  const [query, ...rest] = all.slice(0, all.length - words.length);
  return { query, words: [...rest, ...words] };
}

/** Not in commander's types. */
type Raw = Command & { readonly rawArgs: readonly string[] };
