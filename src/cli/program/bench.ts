import type { Command } from 'commander';
import type { BenchOptions } from '../commands/bench/bench.ts';
import { CLUSTER, collect, OF_CLUSTER, RUN, type Tree } from './tree.ts';

/** `dyn-slurm bench [RUN] [-- CMD...]`. */
export function benchCommand({ program, add, json, does }: Tree): void {
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
