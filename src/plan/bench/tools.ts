import type { Arg } from '../../argument.ts';
import { argumentWords } from '../../config/argument-words.ts';
import { releasesOf } from '../../config/compat/engine-table.ts';
import { atLeast } from '../../config/compat/release.ts';
import { sourceOf } from '../../config/rules/managed.ts';
import type { BenchConfig, BenchToolType } from '../../config/schema/bench.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import { withoutSecrets } from '../../config/schema/secrets.ts';
import type { Measurement } from './measurements.ts';
import { aiperfGoodput, bounds, options, WARMUP_SEED } from './options.ts';
import { agenticRuns, traceRuns } from './sessions.ts';

/** What a tool's arguments are made of. */
export interface ToolContext {
  readonly bench: BenchConfig;
  readonly measurement: Measurement;
  /** URL of the frontend, without a path. */
  readonly url: Arg;
  readonly model: string;
  readonly tokenizer: string;
  /** The tool's release, where it comes with the engine of the job's image. */
  readonly release: string | undefined;
  /** The measurement's own folder. */
  readonly folder: (file: string) => Arg;
}

/** A run of a tool: requests that count, or such as only warm the service up. */
export interface ToolRun {
  readonly kind: 'point' | 'warm-up';
  readonly argv: readonly Arg[];
}

interface Tool {
  readonly program: string;
  /** What tells it to end, so that it writes what it has so far where it can. */
  readonly endSignal: string;
  /** `seeded`: the config gives the seed. */
  readonly runs: (context: ToolContext, seeded: boolean) => readonly ToolRun[];
}

export const TOOLS: Readonly<Record<BenchToolType, Tool>> = {
  // A cancelled aiperf writes its results; with SIGTERM it writes none (0.13.0, measured).
  aiperf: { program: 'aiperf', endSignal: 'INT', runs: aiperfRuns },
  trace: { program: 'aiperf', endSignal: 'INT', runs: traceRuns },
  agentic: { program: 'aiperf', endSignal: 'INT', runs: agenticRuns },
  sglang: { program: 'python3 -m sglang.bench_serving', endSignal: 'TERM', runs: sglangRuns },
  vllm: { program: 'vllm bench serve', endSignal: 'TERM', runs: vllmRuns },
};

/** What starts a tool. */
export function programWords(
  tool: BenchToolType,
  { program }: Pick<BenchConfig, 'program'>,
): readonly string[] {
  return (program ?? TOOLS[tool].program).trim().split(/\s+/);
}

/** The release of an engine's own tool, where the benchmark runs it in the engine's image; else nobody knows it. */
export function toolRelease({ type, image, program }: BenchConfig, job: JobConfig): string | undefined {
  const own = image === undefined && program === undefined;
  return own && type === job.engine.type ? releasesOf(job)[type] : undefined;
}

/** The commands of one measurement, in their order. Arguments that say what dyn-slurm writes anyway are not written twice. */
export function toolRuns(tool: BenchToolType, context: ToolContext): readonly ToolRun[] {
  const { args } = context.bench;
  const dashed = (name: string) => name.replaceAll('_', '-');
  const own = Object.entries(withoutSecrets(tool, args).args).filter(
    ([name]) => sourceOf(tool, dashed(name)) === undefined,
  );
  const seeded = Object.keys(args).some((name) => ['seed', 'random-seed'].includes(dashed(name)));
  const before = programWords(tool, context.bench);
  const after = argumentWords(Object.fromEntries(own));
  return TOOLS[tool]
    .runs(context, seeded)
    .map(({ kind, argv }) => ({ kind, argv: [...before, ...argv, ...after] }));
}

/**
 * `aiperf profile`, as 0.5 to 0.13.0 take it; it warms up by itself. Only 0.13 has `random-range-ratio`, and
 * `no-fixed-schedule` begins with 0.9. https://pypi.org/project/aiperf/
 */
function aiperfRuns(context: ToolContext, seeded: boolean): readonly ToolRun[] {
  const { bench, measurement, url, model, tokenizer, folder } = context;
  const { concurrency, prompts, warmup, index, rate } = measurement;
  const { isl, osl, dataset, dataset_path: path, random_range_ratio: ratio, slo } = bench;
  const load = options({
    ...{
      model,
      tokenizer,
      url,
      'endpoint-type': isChat(bench) ? 'chat' : 'completions',
      streaming: true,
      concurrency,
    },
    'request-count': prompts,
    'warmup-request-count': warmup > 0 && warmup,
    'request-rate': rate !== 'inf' && rate,
    // Prompts that come a second time would be found in the prefix cache.
    'num-dataset-entries': dataset === undefined && prompts + warmup,
    'public-dataset': path === undefined && dataset,
    ...(dataset !== undefined && {
      'input-file': path,
      'custom-dataset-type': path !== undefined && dataset,
    }),
    ...(isl !== undefined && { isl, 'isl-stddev': 0 }),
    ...(osl !== undefined && { osl, 'osl-stddev': 0 }),
    'random-range-ratio': ratio,
    // The ratio is of the shortest length, as SGLang's tool and srt-slurm take it.
    'random-corpus-style': ratio !== undefined && 'sglang',
    goodput: aiperfGoodput(slo),
    'extra-inputs': 'ignore_eos:true',
  });
  const rest = options({
    'extra-inputs': osl !== undefined && ratio === undefined && `min_tokens:${osl}`,
    // What the service counted, not what the tokenizer makes of its text.
    'use-server-token-count': true,
    'random-seed': !seeded && index,
    'output-artifact-dir': folder(''),
  });
  return [{ kind: 'point', argv: ['profile', ...load, ...rest] }];
}

/** `sglang.bench_serving`, as 0.4.10 to 0.5.23 take it; it warms up by itself. Its `random` prompts would be downloaded. */
function sglangRuns(context: ToolContext, seeded: boolean): readonly ToolRun[] {
  const { bench, measurement, url, model, tokenizer, folder } = context;
  const { isl, osl, dataset, random_range_ratio: ratio = 1 } = bench;
  const lengths = dataset === undefined || dataset.startsWith('random');
  const chat = isChat(bench);
  const argv = options({
    backend: chat ? 'sglang-oai-chat' : 'sglang-oai',
    'base-url': url,
    ...{ model, tokenizer, 'dataset-name': dataset ?? 'random-ids', 'dataset-path': bench.dataset_path },
    ...(lengths && { 'random-input-len': isl, 'random-output-len': osl, 'random-range-ratio': ratio }),
    'num-prompts': measurement.prompts,
    'max-concurrency': measurement.concurrency,
    'request-rate': measurement.rate,
    'warmup-requests': measurement.warmup,
    seed: !seeded && measurement.index,
    'disable-tqdm': true,
    // Its chat requests leave it to the model when to end.
    'extra-request-body': chat && '{"ignore_eos": true}',
    // It knows no goodput, but can list the times of each request.
    'output-details': bench.slo !== undefined,
    'output-file': folder('/result.jsonl'),
  });
  return [{ kind: 'point', argv }];
}

/** Requests a second of a warm-up, as in the benchmarks that were published with the recipes. */
const WARMUP_RATE = 250;

/** benchmark_serving.py of vLLM 0.8.5, and `vllm bench serve`, which took its arguments over, of 0.10 to 0.33. */
function vllmRuns(context: ToolContext, seeded: boolean): readonly ToolRun[] {
  const { bench, measurement, url, model, tokenizer, release, folder } = context;
  const { isl, osl, dataset, slo } = bench;
  const { prompts, warmup, index, concurrency } = measurement;
  const chat = isChat(bench);
  const lengths = dataset === undefined || dataset === 'random';
  const load = (requests: number, rate: number | 'inf') => ({
    backend: chat ? 'openai-chat' : 'openai',
    // Before 0.11 this chose the form of requests, and `backend` nothing.
    'endpoint-type': chat && release !== undefined && !atLeast(release, '0.11') && 'openai-chat',
    'base-url': url,
    endpoint: chat ? '/v1/chat/completions' : '/v1/completions',
    ...{ model, tokenizer, 'dataset-name': dataset ?? 'random', 'dataset-path': bench.dataset_path },
    ...(lengths && bothSides(isl, osl, bench)),
    'num-prompts': requests,
    'max-concurrency': concurrency,
    'request-rate': rate,
    'ignore-eos': true,
    'disable-tqdm': true,
  });
  const warming = options({ ...load(warmup, WARMUP_RATE), seed: !seeded && WARMUP_SEED + index });
  const good = slo ? ['--goodput', ...bounds(slo, { ttft: 'ttft', itl: 'tpot', e2e: 'e2el' })] : [];
  const measuring = options({
    ...load(prompts, measurement.rate),
    'percentile-metrics': 'ttft,tpot,itl,e2el',
    'metric-percentiles': '50,90,95,99',
    seed: !seeded && index,
    'save-result': true,
    'result-dir': folder(''),
    'result-filename': 'result.json',
  });
  return [
    ...(warmup === 0 ? [] : [{ kind: 'warm-up' as const, argv: warming }]),
    { kind: 'point', argv: [...measuring, ...good] },
  ];
}

/** `vllm bench serve` draws lengths from both sides of the given one, so that theirs is in the middle. */
function bothSides(
  isl: number | undefined,
  osl: number | undefined,
  { random_range_ratio: ratio, program }: BenchConfig,
) {
  if (ratio === undefined || program !== undefined || isl === undefined || osl === undefined)
    return { 'random-input-len': isl, 'random-output-len': osl, 'random-range-ratio': ratio };
  const [input, output] = [isl, osl].map((longest) => Math.max(1, Math.floor((longest * (1 + ratio)) / 2)));
  // It takes no ratio of 1, nor any that makes a length of 0.
  const apart = Math.min(0.999, Math.floor(((1 - ratio) / (1 + ratio)) * 1e6) / 1e6);
  return { 'random-input-len': input, 'random-output-len': output, 'random-range-ratio': apart };
}

const isChat = ({ chat_template: template }: BenchConfig): boolean => template !== false;
