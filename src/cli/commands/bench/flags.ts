import type { BenchConfig } from '../../../config/schema/bench.ts';
import { readSetting, type Setting } from '../../../config/yaml/setting.ts';
import { DynSlurmError } from '../../../errors.ts';
import { quote } from '../../../render/shell.ts';

/** Keys of `bench` as a command line gives them, over those of the config. */
export interface BenchFlags {
  readonly type?: string;
  readonly isl?: string;
  readonly osl?: string;
  readonly concurrency?: string;
  readonly requests?: string;
  readonly rate?: string;
  readonly warmup?: string;
  readonly program?: string;
  readonly tokenizer?: string;
  readonly limit?: string;
  readonly arg?: readonly string[];
}

const KEYS = {
  type: 'type',
  isl: 'isl',
  osl: 'osl',
  concurrency: 'concurrencies',
  requests: 'requests',
  rate: 'request_rate',
  warmup: 'warmup_per_concurrency',
  program: 'program',
  tokenizer: 'tokenizer',
  limit: 'point_time_limit',
} as const satisfies Readonly<Record<Exclude<keyof BenchFlags, 'arg'>, string>>;

const NUMBERS: ReadonlySet<string> = new Set(['isl', 'osl', 'requests', 'rate', 'warmup']);

/** What a tool of others takes, and nothing else does. */
const OF_TOOLS = ['program', 'args', 'dataset', 'dataset_path', 'tokenizer'];
const OF_LOADS = ['isl', 'osl', 'concurrencies'];

/**
 * The overlay of a config that flags, or a command behind `--`, stand for; undefined where there are none. One word is a
 * line for bash; several are a command as it is. @throws DynSlurmError `usage`
 */
export function benchOverlay(flags: BenchFlags, words: readonly string[]): string | undefined {
  const given = Object.entries(KEYS).flatMap(([flag, key]) => {
    const value = flags[flag as keyof typeof KEYS];
    if (value === undefined) return [];
    return [[key, NUMBERS.has(flag) && value.trim() !== '' ? numberOr(value) : value] as const];
  });
  const settings = (flags.arg ?? []).map(readSetting);
  if (words.length > 0) {
    if (given.length + settings.length > 0) {
      throw new DynSlurmError('usage', "bench takes either a command after -- or a tool's options, not both");
    }
    const command = words.length === 1 ? (words[0] ?? '') : words.map(quote).join(' ');
    return overlay({ type: 'custom', command, ...removed([...OF_TOOLS, ...OF_LOADS, 'accuracy']) });
  }
  if (given.length + settings.length === 0) return undefined;
  const { type } = flags;
  const gone =
    type === undefined || type === 'custom'
      ? []
      : type === 'builtin'
        ? ['command', 'accuracy', ...OF_TOOLS]
        : ['command'];
  return overlay({ ...removed(gone), ...Object.fromEntries(given) }, settings);
}

/** YAML of two levels; the values of arguments are YAML already. */
function overlay(keys: Readonly<Record<string, unknown>>, args: readonly Setting[] = []): string {
  const own = Object.entries(keys).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`);
  const theirs = args.map(({ name, value }) => `    ${JSON.stringify(name)}: ${value}\n`);
  return ['bench:\n', ...own, ...(theirs.length > 0 ? ['  args:\n', ...theirs] : [])].join('');
}

/** The overlay that measures as a config of another job does; it runs where this job has a place for benchmarks. */
export function overlayOf({
  point_time_limit: limit,
  slo,
  image: _,
  node: __,
  ...rest
}: BenchConfig): string {
  const bounds = slo && Object.entries(slo).map(([key, milliseconds]) => [key, `${milliseconds}ms`]);
  const times = {
    ...(bounds && { slo: Object.fromEntries(bounds) }),
    ...(limit !== undefined && { point_time_limit: `${limit}s` }),
  };
  return JSON.stringify({ bench: { ...rest, ...times } });
}

const removed = (keys: readonly string[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(keys.map((key) => [key, null]));

/** What is no number is refused in the words of the config. */
function numberOr(value: string): number | string {
  const number = Number(value);
  return Number.isFinite(number) ? number : value;
}
