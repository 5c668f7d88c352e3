import type { BenchConfig, BenchType } from '../schema/bench.ts';
import type { JobConfig } from '../schema/job-schema.ts';

/** The types that run a program of others in the job, which has arguments. */
export type BenchToolType = Exclude<BenchType, 'custom' | 'builtin'>;

/** An argument of a tool that dyn-slurm writes itself. */
export interface ManagedBenchFlag {
  /** All spellings, with dashes, without the leading ones. */
  readonly names: readonly string[];
  /** A field's path, or words. */
  readonly from: string;
  /** Its value as text; absent where every measurement has its own. */
  readonly value?: (bench: BenchConfig, job: JobConfig) => string | undefined;
}

const URL_FLAGS: ManagedBenchFlag = {
  names: ['base-url', 'url', 'host', 'port', 'u'],
  from: "the job's own frontend",
};
const TOKENIZER: ManagedBenchFlag = {
  names: ['tokenizer'],
  from: 'bench.tokenizer',
  value: (bench, job) => bench.tokenizer ?? job.model.path,
};
const MODEL: ManagedBenchFlag = {
  names: ['model', 'model-names', 'm'],
  from: 'model.served_name',
  value: (_, job) => job.model.served_name,
};
const RATE: ManagedBenchFlag = {
  names: ['request-rate'],
  from: 'bench.request_rate',
  value: ({ request_rate }) => String(request_rate),
};
const RATIO: ManagedBenchFlag = {
  names: ['random-range-ratio'],
  from: 'bench.random_range_ratio',
  value: ({ random_range_ratio: ratio }) => ratio?.toString(),
};
const ISL = (names: readonly string[]): ManagedBenchFlag => ({
  names,
  from: 'bench.isl',
  value: ({ isl }) => isl?.toString(),
});
const OSL = (names: readonly string[]): ManagedBenchFlag => ({
  names,
  from: 'bench.osl',
  value: ({ osl }) => osl?.toString(),
});
const CONCURRENCY = 'bench.concurrencies';
const PROMPTS = 'bench.prompts_per_concurrency';
const WARMUP = 'bench.warmup_per_concurrency';
const RESULTS = "the run's folder of results";

const COMMON = [MODEL, TOKENIZER, URL_FLAGS, RATE, RATIO];
const SERVING: readonly ManagedBenchFlag[] = [
  ...COMMON,
  { names: ['max-concurrency'], from: CONCURRENCY },
  { names: ['num-prompts'], from: PROMPTS },
  { names: ['dataset-name'], from: 'bench.dataset' },
  { names: ['dataset-path'], from: 'bench.dataset_path' },
];

/** Spellings: aiperf 0.13.0, sglang.bench_serving 0.5.9, benchmark_serving.py of vLLM 0.8.5 and `vllm bench serve`. */
const MANAGED: Readonly<Record<BenchToolType, readonly ManagedBenchFlag[]>> = {
  aiperf: [
    ...COMMON,
    ISL(['isl', 'prompt-input-tokens-mean', 'synthetic-input-tokens-mean']),
    OSL(['osl', 'prompt-output-tokens-mean', 'output-tokens-mean']),
    { names: ['concurrency'], from: CONCURRENCY },
    { names: ['request-count', 'num-requests'], from: PROMPTS },
    { names: ['warmup-request-count', 'num-warmup-requests'], from: WARMUP },
    { names: ['output-artifact-dir', 'artifact-dir'], from: RESULTS },
    { names: ['profile-export-prefix', 'profile-export-file'], from: RESULTS },
    { names: ['public-dataset', 'custom-dataset-type'], from: 'bench.dataset' },
    { names: ['input-file'], from: 'bench.dataset_path' },
  ],
  sglang: [
    ...SERVING,
    ISL(['random-input-len', 'random-input']),
    OSL(['random-output-len', 'random-output']),
    { names: ['warmup-requests'], from: WARMUP },
    { names: ['output-file'], from: RESULTS },
  ],
  vllm: [
    ...SERVING,
    ISL(['random-input-len', 'input-len']),
    OSL(['random-output-len', 'output-len']),
    { names: ['num-warmups'], from: WARMUP },
    { names: ['save-result', 'result-dir', 'result-filename', 'append-result'], from: RESULTS },
  ],
};

/** Whether a type runs a program of others in the job. */
export function isBenchTool(type: BenchType): type is BenchToolType {
  return Object.hasOwn(MANAGED, type);
}

/** The argument of that name, with dashes, where dyn-slurm writes it itself. */
export function managedBenchFlag(tool: BenchToolType, name: string): ManagedBenchFlag | undefined {
  return MANAGED[tool].find(({ names }) => names.includes(name));
}
