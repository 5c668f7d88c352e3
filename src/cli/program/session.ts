import type { Command } from 'commander';
import type { BenchOptions } from '../commands/bench/bench.ts';
import type { RunCommand } from '../commands/session/prompt.ts';
import { CLUSTER, collect, OF_CLUSTER, RUN, type Tree } from './tree.ts';

const SESSION = 'session id or the start of one, job number, or run folder (default: the newest session)';
const STEERED = 'run id or the start of one, job number, or run folder (default: the newest live run)';
const WORKERS =
  'worker names, a role for all of its workers, or `workers` for all; a run id may precede them';

/** The commands of an interactive session, of which some take submitted jobs, too. `run` runs a line of its prompt. */
export function sessionCommands(tree: Tree, run: RunCommand): void {
  const { program, add, addForConfig, json, does } = tree;
  program.commandsGroup('Debug interactively:');
  const onSession = (command: Command): Command =>
    command.argument('[run]', SESSION).option(CLUSTER, OF_CLUSTER).addOption(json());
  const inRun = (command: Command, meant = STEERED): Command =>
    command.option('--run <run>', meant).option(CLUSTER, OF_CLUSTER).addOption(json());

  addForConfig('allocate', 'allocate nodes, start the service, and restart workers interactively', [
    ['allocate config.yaml', '`help` at the prompt lists its commands'],
    ['allocate config.yaml --no-workers', 'infrastructure and frontends only'],
    ['allocate config.yaml --adopt 4242', 'in an existing job'],
    ['allocate config.yaml --cluster local', 'on this machine, with mock engines'],
  ])
    .option('--time <duration>', "time limit, such as 90m or 4h (default: the config's)")
    .option('--no-workers', 'do not start workers yet')
    .option('--adopt [job]', "use an existing job's allocation (default: $SLURM_JOB_ID)")
    .option('--no-adopt', 'request a new allocation, even inside a job')
    .option('--no-prompt', 'print connection instructions and exit once the service is ready')
    .addOption(json())
    .action(does(async () => (await import('../commands/session/allocate.ts')).allocateWith(run)));
  onSession(
    add('attach', 'reconnect to the prompt of a session', [
      ['attach', 'the newest'],
      ['attach dsr1-3fa29c --no-prompt', 'print connection instructions and exit'],
    ]),
  )
    .option('--no-prompt', 'print connection instructions and exit')
    .action(does(async () => (await import('../commands/session/attach.ts')).attachWith(run)));
  onSession(
    add('workers', 'list the workers of a session and their changes', [['workers', 'of the newest session']]),
  ).action(does(async () => (await import('../commands/session/workers.ts')).workers));
  const steering = (verb: 'start' | 'restart', shown: Parameters<Tree['add']>[2]) =>
    inRun(add(verb, `${verb} workers of a job or session`, shown))
      .argument('<worker...>', WORKERS)
      .option(
        '--arg <name=value>',
        "engine argument, as in a config's args; null removes it; may be repeated",
        collect,
      )
      .option('--env <name=value>', 'environment variable; null removes it; may be repeated', collect)
      .option('--reset', 'discard earlier --arg and --env changes')
      .option('--no-wait', 'do not wait until the workers are ready')
      .action(does(async () => (await import('../commands/session/steer.ts'))[verb]));
  steering('restart', [
    ['restart decode-0 --arg mem-fraction-static=0.9', 'with a changed argument'],
    ['restart decode --arg page-size=null --env NCCL_DEBUG=INFO', 'all of a role'],
    ['restart decode-0 --reset', "with the config's arguments again"],
    ['restart dsr1-3fa29c decode-0', 'in a submitted job, by its run id'],
  ]);
  steering('start', [['start decode-1', 'one that was stopped or has ended']]);
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
    .argument('<node>', 'node index or hostname')
    .argument('[command...]', 'command and its arguments, after --')
    .option('--container', "run in the job's container")
    .action(does(async () => (await import('../commands/session/exec.ts')).exec));
  add('shell', 'open a shell on a node of a session', [['shell node3', 'the head node by default']])
    .argument('[node]', 'node index or hostname (default: the head node)')
    .option('--run <run>', SESSION)
    .option(CLUSTER, OF_CLUSTER)
    .option('--container', "run in the job's container")
    .action(does(async () => (await import('../commands/session/exec.ts')).shell));
  benchCommand(tree);
  const ending = (command: Command, meant: string): Command =>
    command
      .argument('[run]', meant)
      .option('--no-wait', 'do not wait for its end')
      .option(CLUSTER, OF_CLUSTER)
      .addOption(json());
  ending(
    add('drain', 'end a job or session once its requests in progress are answered', [
      ['drain', 'the newest live run'],
      ['drain dsr1-3fa29c --no-wait', 'do not wait for its end'],
    ]),
    STEERED,
  ).action(does(async () => (await import('../commands/session/release.ts')).drain));
  ending(
    add('release', 'end a session or job and release its nodes', [
      ['release', 'the newest session'],
      ['release dsr1-3fa29c', 'a session or a submitted job'],
    ]),
    SESSION,
  ).action(does(async () => (await import('../commands/session/release.ts')).release));
}

/** `dyn-slurm bench [RUN] [-- CMD...]`. */
function benchCommand({ program, add, json, does }: Tree): void {
  add('bench', 'benchmark a running service, or show its results', [
    ['bench dsr1-3fa29c', "the config's benchmark; for an ended run, its results"],
    ['bench --type builtin --isl 1024 --osl 128 --concurrency 1x8x32', 'from this machine'],
    ['bench dsr1 --type sglang --isl 8192 --osl 1024 --concurrency 16x64', 'as a step of the job'],
    ['bench dsr1 --resume', 'continue one that was interrupted'],
    ['bench -- /lustre/load.sh', 'a command in the job, with DYN_SLURM_URL and DYN_SLURM_MODEL set'],
  ])
    .argument('[run]', RUN)
    .argument('[command...]', 'command to run instead of a tool, after --')
    .option('--run <run>', RUN)
    .option(
      '--type <tool>',
      'aiperf, sglang, vllm, trace, agentic or accuracy in the job, or builtin on this machine',
    )
    .option('--isl <tokens>', 'input length: tokens per prompt')
    .option('--osl <tokens>', 'output length: tokens per answer')
    .option('--concurrency <list>', 'numbers of concurrent requests, one measurement for each: 16x64x256')
    .option('--requests <count>', 'requests per measurement (default: five times its concurrency)')
    .option('--rate <requests>', 'requests started per second (default: inf)')
    .option(
      '--warmup <times>',
      'warm-up requests before each measurement, as a multiple of its concurrency (default: 1)',
    )
    .option('--limit <duration>', 'time limit of each measurement, such as 30m (default: none)')
    .option('--program <words>', "command that starts the tool (default: the tool's own)")
    .option('--tokenizer <path>', 'tokenizer with which the tool counts tokens (default: the model folder)')
    .option('--arg <name=value>', 'additional argument for the tool; may be repeated', collect)
    .option('--resume [run]', 'continue an interrupted benchmark of this run, or of the one named')
    .option('--stop', 'stop the benchmark that is running')
    .option('--show', 'show the results, without measuring')
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
