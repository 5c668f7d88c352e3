import type { Command } from 'commander';
import type { BenchOptions } from '../bench/bench.ts';
import { CLUSTER, OF_CLUSTER, RUN, type Tree } from './tree.ts';

/** `dyn-slurm bench [RUN] [-- CMD...]`. */
export function benchCommand({ program, add, json, exit, world }: Tree): void {
  add('bench', 'measure a service that runs, or show what was measured', [
    ['bench dsr1-3fa29c', 'the config’s benchmark; of a run that has ended its results'],
    ['bench --type builtin --isl 1024 --osl 128 --concurrency 1x8x32', 'from this machine'],
    ['bench dsr1 --type sglang --isl 8192 --osl 1024 --concurrency 16x64', 'as a step of the job'],
    ['bench dsr1 --resume', 'go on with one that was cut off'],
    ['bench -- ./load.sh', 'it finds DYN_SLURM_URL and DYN_SLURM_MODEL'],
  ])
    .argument('[run]', RUN)
    .argument('[command...]', 'behind --, in place of a tool')
    .option('--run <run>', RUN)
    .option('--type <tool>', 'aiperf, sglang or vllm in the job, or builtin on this machine')
    .option('--isl <tokens>', 'tokens of each prompt')
    .option('--osl <tokens>', 'tokens of each answer')
    .option('--concurrency <list>', 'requests at the same time, one measurement each: 16x64x256')
    .option('--requests <count>', 'requests of each measurement; by default five times its concurrency')
    .option('--rate <requests>', 'requests a second that are begun; by default inf')
    .option('--warmup <times>', 'requests before each that are not counted, in multiples of its concurrency')
    .option('--limit <duration>', 'time for one measurement')
    .option('--program <words>', 'what starts the tool')
    .option('--tokenizer <path>', 'by which the tool counts')
    .option('--arg <name=value>', 'a further argument of the tool; may be repeated', collect)
    .option(
      '--resume [run]',
      'only what a benchmark that was cut off has not measured; of that run, or this one',
    )
    .option('--stop', 'end the one that runs')
    .option('--show', 'only print what was measured')
    .option(CLUSTER, OF_CLUSTER)
    .addOption(json())
    .action(async (run: string | undefined, command: readonly string[], options: BenchOptions) => {
      const { query, words } = apart(run, command, program as Raw);
      const { bench } = await import('../bench/bench.ts');
      exit(await bench(query, words, options, world));
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

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
