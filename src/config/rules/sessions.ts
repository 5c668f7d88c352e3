import type { BenchConfig } from '../schema/bench.ts';
import { error, keyError, type Problem, warning } from '../yaml/problem.ts';

/** A request of a trace, as an example in messages. */
export const TRACE_LINE = '{"timestamp": 0, "input_length": 655, "output_length": 52, "hash_ids": [0, 1]}';

/** Keys that only some types of benchmark use, with what these are. */
const ONLY = {
  trace: ['trace'],
  fixed_schedule: ['trace'],
  speedup: ['trace'],
  turns: ['agentic'],
  turn_delay: ['agentic'],
} as const satisfies Partial<Record<keyof BenchConfig, readonly string[]>>;

/** What benchmarks need that replay a trace or hold conversations, and what they cannot use. */
export function* checkSessions(bench: BenchConfig, model: string): Generator<Problem> {
  for (const [key, types] of Object.entries(ONLY) as [keyof typeof ONLY, readonly string[]][])
    if (bench[key] !== undefined && !types.includes(bench.type))
      yield keyError(
        ['bench', key],
        `applies only to type ${types.join(' and ')}, but the type is ${bench.type}`,
        'remove it',
      );
  if (bench.type === 'trace') {
    yield* checkTrace(bench);
    yield* checkTokenizer(bench, model);
  }
  if (bench.type === 'agentic' && bench.turns === undefined)
    yield error(['bench', 'turns'], 'is missing: type agentic needs the number of turns of each session');
  if (bench.type === 'trace' || bench.type === 'agentic')
    for (const key of ['dataset', 'dataset_path', 'random_range_ratio'] as const)
      if (bench[key] !== undefined)
        yield keyError(
          ['bench', key],
          bench.type === 'trace'
            ? 'has no effect: type trace takes all requests from bench.trace'
            : 'has no effect: type agentic makes up its sessions',
          'remove it',
        );
}

function* checkTrace({
  trace,
  isl,
  osl,
  fixed_schedule: fixed,
  speedup,
  request_rate: rates,
}: BenchConfig): Generator<Problem> {
  if (trace === undefined)
    yield error(
      ['bench', 'trace'],
      'is missing: type trace replays its requests',
      `set it to a file of JSON lines, such as ${TRACE_LINE}`,
    );
  for (const [key, value] of [
    ['isl', isl],
    ['osl', osl],
  ] as const)
    if (value !== undefined)
      yield keyError(['bench', key], 'has no effect: the trace has the length of each request', 'remove it');
  if (fixed === false && speedup !== undefined)
    yield keyError(
      ['bench', 'speedup'],
      'has no effect: without a fixed schedule the times of the trace are not used',
      'remove it, or fixed_schedule: false',
    );
  if (fixed !== false && rates.some((rate) => rate !== 'inf'))
    yield keyError(
      ['bench', 'request_rate'],
      'contradicts the times of the trace, at which its requests are sent',
      'remove it, or set fixed_schedule: false',
    );
}

/** The processes of aiperf 0.13.0 that make prompts from hash_ids work offline, and then know no folders (measured). */
function* checkTokenizer({ tokenizer, trace }: BenchConfig, model: string): Generator<Problem> {
  if (trace === undefined || !(tokenizer ?? model).startsWith('/')) return;
  yield warning(
    ['bench', tokenizer === undefined ? 'trace' : 'tokenizer'],
    'aiperf 0.13 cannot make prompts from hash_ids with a tokenizer that is a folder, only with one in a Hugging Face cache',
    'if the trace has hash_ids, set bench.tokenizer to a model ID, and HF_HOME in bench.env to a cache that has it',
  );
}
