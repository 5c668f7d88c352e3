import { BENCH_TYPES, type BenchConfig, isBenchTool } from '../schema/bench.ts';
import type { JobConfig } from '../schema/job-schema.ts';
import { alternatives } from '../text/suggestion.ts';
import { error, keyError, type Problem } from '../yaml/problem.ts';
import { checkAccuracy } from './accuracy.ts';
import { checkSessions } from './sessions.ts';

/** What a benchmark of its type needs, and what it cannot use. */
export function* checkBench(job: JobConfig): Generator<Problem> {
  const { bench } = job;
  if (bench === undefined) return;
  yield* checkAccuracy(bench);
  yield* checkSessions(bench, job.model.path);
  if (bench.type === 'custom') {
    if (bench.command === undefined)
      yield {
        ...missing('command', 'type custom, the default, runs a command that you give'),
        hint: `set it, or choose another type: ${alternatives(BENCH_TYPES.filter((type) => type !== 'custom'))}`,
      };
  } else if (bench.type !== 'accuracy') {
    yield* checkLoad(bench);
    if (bench.command !== undefined)
      yield useless('command', `applies only to type custom, but the type is ${bench.type}`);
  }
  yield* checkTemplate(job, bench);
  if (bench.slo && bench.type === 'custom')
    yield useless('slo', 'has no effect: type custom runs a command, which judges its requests itself');
  else if (bench.slo && Object.values(bench.slo).every((bound) => bound === undefined))
    yield keyError(
      ['bench', 'slo'],
      'has no bounds, so it has no effect',
      'give at least one of ttft, itl and e2e, such as {ttft: 2s}, or remove it',
    );
  if (bench.slo && Object.keys(bench.args).some((name) => name === 'goodput'))
    yield keyError(
      ['bench', 'args', 'goodput'],
      'is set by dyn-slurm, from bench.slo',
      'remove one of the two',
    );
  const { node } = bench;
  if (node !== 'head' && node !== 'last' && node !== 'own' && job[node] === undefined)
    yield error(
      ['bench', 'node'],
      `the job has no ${node} workers`,
      'write head, last, own or a role of the job',
    );
  if (!isBenchTool(bench.type)) {
    const what = `type ${bench.type} runs no tool that uses it`;
    for (const key of ['program', 'dataset', 'dataset_path', 'tokenizer'] as const) {
      if (bench[key] !== undefined) yield useless(key, `has no effect: ${what}`);
    }
    if (Object.keys(bench.args).length > 0) yield useless('args', `have no effect: ${what}`);
  }
  if (bench.dataset_path !== undefined && bench.dataset === undefined && isBenchTool(bench.type))
    yield missing('dataset', 'dataset_path requires a dataset');
}

/** Only the service renders a template: the tools send messages. */
function* checkTemplate(
  { dynamo }: JobConfig,
  { chat_template: template, type }: BenchConfig,
): Generator<Problem> {
  if (template === false) return;
  if (type === 'custom')
    yield useless(
      'chat_template',
      'has no effect: type custom runs a command, which makes its requests itself',
    );
  else if (template !== true && template !== dynamo.custom_jinja_template)
    yield error(
      ['bench', 'chat_template'],
      'the service puts prompts into its own template, not into one of the benchmark',
      'write true, and set dynamo.custom_jinja_template to that path to have the service use it',
    );
}

function* checkLoad(bench: BenchConfig): Generator<Problem> {
  const { type, isl, osl, concurrencies, dataset } = bench;
  const why = `type ${type} needs it to generate load`;
  const paced = type === 'trace' && bench.fixed_schedule !== false;
  if (concurrencies === undefined && !paced) yield missing('concurrencies', why);
  if (type === 'trace' || (dataset !== undefined && type !== 'builtin')) return;
  if (isl === undefined) yield missing('isl', why);
  if (osl === undefined) yield missing('osl', why);
}

const missing = (key: string, why: string): Problem => error(['bench', key], `is missing: ${why}`);

const useless = (key: string, message: string): Problem => keyError(['bench', key], message, 'remove it');
