import type { RecipeBench } from '../recipe/recipe.ts';
import { apart, list, MapBuilder, scalar } from '../tree.ts';
import { accuracy, suiteNamed } from './accuracy.ts';
import { loseRest, writePlaces } from './bench-places.ts';
import { type Context, hasKey } from './context.ts';
import { custom } from './custom-bench.ts';
import { writeClientEnvironment } from './environment.ts';
import { trace } from './other-bench.ts';

/** srt-slurm's defaults of sa-bench, beside those of dyn-slurm. */
const SA_BENCH = { ratio: 0.8, prompts: 10, warmup: 2 };
const OURS = { prompts: 5, warmup: 1 };

/** `bench`; undefined where the recipe has none that dyn-slurm can run, which is then told. */
export function writeBench(context: Context): MapBuilder | undefined {
  const { recipe, findings } = context;
  const { bench } = recipe;
  if (bench === undefined) return undefined;
  const type = bench.type.value;
  if (type === 'custom') return custom(bench, context);
  if (type === 'sa-bench' || type === 'sglang-bench') return load(bench, context);
  if (type === 'trace-replay') return trace(bench, context);
  const suite = suiteNamed(type);
  if (suite !== undefined) return accuracy(suite, bench, context);
  const hint =
    type === 'mooncake-router'
      ? 'download the trace that it names from FAST25-release/traces of github.com/kvcache-ai/Mooncake, and set bench: {type: trace, trace: FILE, fixed_schedule: true}'
      : 'run it with bench.type: custom';
  findings.lose(
    bench.place,
    `the benchmark ${type} and all its settings are not carried over: dyn-slurm has no counterpart`,
    hint,
  );
  if (bench.apart)
    findings.lose(bench.apart.entry, 'the job gets no node for it: the benchmark is not carried over');
  return undefined;
}

/**
 * Random prompts at some concurrencies. sa-bench draws lengths between the ratio times the length and the length, as
 * dyn-slurm does with each tool.
 */
function load(bench: RecipeBench, context: Context): MapBuilder {
  const { recipe, findings } = context;
  const sa = bench.type.value === 'sa-bench';
  const ratio = bench.rangeRatio?.value ?? (sa ? SA_BENCH.ratio : 1);
  const engine = recipe.engine.name;
  const tool = engine === 'sglang' ? 'sglang' : engine === 'vllm' ? 'vllm' : 'builtin';
  const map = new MapBuilder(bench.place).set('type', tool, bench.type.entry);
  if (tool === 'builtin')
    findings.note(
      bench.type.entry,
      `is measured by dyn-slurm's own load generator, with \`dyn-slurm bench\`: the image has no tool for it`,
      'the job does not end with it; cancel the job when the measurements are done',
    );
  if (bench.isl) map.set('isl', bench.isl.value, bench.isl.entry);
  if (bench.osl) map.set('osl', bench.osl.value, bench.osl.entry);
  const { concurrencies } = bench;
  if (concurrencies) {
    const range = concurrencies.entry.value.range;
    map.set(
      'concurrencies',
      list(
        concurrencies.value.map((one) => scalar(one, range)),
        range,
      ),
      concurrencies.entry,
    );
  }
  const rate = bench.rate?.value;
  if (bench.rate && rate !== 'inf') {
    if (Number(rate) > 0) map.set('request_rate', Number(rate), bench.rate.entry);
    else findings.lose(bench.rate.entry, 'is no request rate');
  }
  if (ratio !== 1 && ratio >= 0 && ratio < 1)
    map.set('random_range_ratio', ratio, bench.rangeRatio?.entry ?? bench.place);
  else if (bench.rangeRatio && ratio !== 1)
    findings.lose(bench.rangeRatio.entry, 'is no part of a length, which lies between 0 and 1');
  const prompts = bench.prompts?.value ?? (sa ? SA_BENCH.prompts : OURS.prompts);
  if (prompts !== OURS.prompts)
    map.set('prompts_per_concurrency', prompts, bench.prompts?.entry ?? bench.place);
  const warmup = bench.warmup?.value ?? (sa ? SA_BENCH.warmup : OURS.warmup);
  if (warmup !== OURS.warmup) map.set('warmup_per_concurrency', warmup, bench.warmup?.entry ?? bench.place);
  if (sa && (bench.chatTemplate?.value ?? true)) {
    if (hasKey('bench', 'chat_template'))
      map.set('chat_template', true, bench.chatTemplate?.entry ?? bench.place);
    else
      findings.lose(
        bench.chatTemplate?.entry ?? bench.type.entry,
        'prompts are not put into the chat template, as sa-bench does by default',
        'each prompt then lacks the tokens of the template; the number of tokens is the same',
      );
  }
  if (bench.tokenizer)
    findings.lose(
      bench.tokenizer.entry,
      `${bench.tokenizer.value} is a Python class of srt-slurm's benchmark`,
      "bench.tokenizer takes a folder or a name; the model's own is the default",
    );
  if (bench.dataset && bench.dataset.value !== 'random') {
    if (tool !== 'builtin') {
      map.set('dataset', bench.dataset.value, bench.dataset.entry);
      if (bench.datasetPath) map.set('dataset_path', bench.datasetPath.value, bench.datasetPath.entry);
    } else findings.lose(bench.dataset.entry, "dyn-slurm's own load generator sends random prompts alone");
  } else if (bench.datasetPath)
    findings.note(bench.datasetPath.entry, 'has no effect: without dataset_name, prompts are random');
  writePlaces(map, bench, context);
  map.add('env', writeClientEnvironment(bench.env, context), apart(bench.env[0] ?? bench.place));
  loseRest(bench, context, []);
  return map;
}
