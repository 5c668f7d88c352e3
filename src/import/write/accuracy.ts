import { SUITES, type SuiteName, suiteOf } from '../../config/schema/accuracy.ts';
import type { ConfigValue } from '../../config/yaml/tree.ts';
import { spelled } from '../keys.ts';
import type { RecipeBench } from '../recipe/recipe.ts';
import { apart, MapBuilder } from '../tree.ts';
import { loseRest, writePlaces } from './bench-places.ts';
import type { Context } from './context.ts';
import { writeClientEnvironment } from './environment.ts';

/** srt-slurm's defaults of questions, where they are not dyn-slurm's. */
const THEIRS: Readonly<Partial<Record<SuiteName, Readonly<Record<string, number>>>>> = {
  gsm8k: { num_threads: 512 },
  gpqa: { repeat: 8 },
  mmlu: { repeat: 8, num_threads: 512 },
};

/** Keys of a recipe by those of `bench.accuracy`. */
const KEYS = {
  threshold: 'threshold',
  samples: 'num_examples',
  shots: 'num_shots',
  max_tokens: 'max_tokens',
  repeat: 'repeat',
  concurrency: 'num_threads',
  temperature: 'temperature',
  top_p: 'top_p',
  top_k: 'top_k',
} as const;

export function suiteNamed(type: string): SuiteName | undefined {
  const name = type.replace(/-bench$/, '');
  return Object.hasOwn(SUITES, name) && name !== 'custom' ? (name as SuiteName) : undefined;
}

/** A benchmark that asks questions with known answers. */
export function accuracy(suite: SuiteName, bench: RecipeBench, context: Context): MapBuilder | undefined {
  const { findings } = context;
  const { entry } = bench.type;
  if (suiteOf(suite).dataset === undefined) {
    findings.lose(
      entry,
      `the benchmark ${suite} is not carried over: dyn-slurm downloads no questions of it`,
      `set bench: {type: accuracy, accuracy: {suite: ${suite}, dataset: FILE}}`,
    );
    loseRest(bench, context, []);
    return undefined;
  }
  const more = new Map(bench.more.map((one) => [String(one.path.at(-1)), one]));
  const inner = new MapBuilder(entry).set('suite', suite, entry);
  const taken: string[] = [];
  for (const [ours, theirs] of Object.entries(KEYS)) {
    const given = more.get(theirs);
    const number = given && numberOf(given.value);
    const usual = THEIRS[suite]?.[theirs];
    // Of a number of which 0 makes no sense, srt-slurm takes 0 for none.
    const none = number === null || (number === 0 && COUNTS.includes(ours));
    if (number !== undefined) taken.push(theirs);
    if (typeof number === 'number' && !none) inner.set(ours, number, given);
    else if ((given === undefined || none) && usual !== undefined) inner.set(ours, usual, apart(entry));
  }
  findings.note(
    entry,
    "the questions are asked by dyn-slurm's own script, whose prompts are not those of srt-slurm's tools",
    'a node without internet needs bench.accuracy.dataset; set bench.accuracy.threshold to make it a gate',
  );
  const map = new MapBuilder(bench.place)
    .set('type', 'accuracy', entry)
    .set('accuracy', inner.build(), apart(entry));
  writePlaces(map, bench, context);
  map.add('env', writeClientEnvironment(bench.env, context), apart(bench.env[0] ?? bench.place));
  loseRest(bench, context, taken);
  return map;
}

const COUNTS = ['samples', 'max_tokens', 'repeat', 'concurrency'];

/** Null where a recipe says that there is none, undefined for what is no number. */
function numberOf(value: ConfigValue): number | null | undefined {
  if (value.kind !== 'scalar') return undefined;
  if (value.value === null) return null;
  const number = Number(spelled(value));
  return Number.isFinite(number) && spelled(value) !== '' ? number : undefined;
}
