import type { PublishedTopology } from '../../../config/published-topology.ts';
import { GPUS } from '../../../config/schema/gpu.ts';
import { count } from '../../../config/text/plural.ts';
import { alternatives, didYouMean, nearest } from '../../../config/text/suggestion.ts';
import { DynSlurmError } from '../../../errors.ts';

/** How old a topology may be: seconds, or the first day that counts, as 2026-08-19. */
export type Age = { readonly seconds: number } | { readonly day: string };

/** Which of the published topologies are wanted; without any filter, all of them. */
export interface TopologyFilters {
  /** A part of the model's name, in any case and without its dashes and dots. */
  readonly model?: string;
  readonly gpu?: string;
  readonly engine?: string;
  readonly goal?: string;
  readonly newerThan?: Age;
}

type Filtered = Pick<PublishedTopology, 'model' | 'gpu' | 'engine' | 'goal' | 'source'> & {
  readonly name: string;
};

interface Filter {
  /** As it is typed. */
  readonly option: string;
  readonly fits: (topology: Filtered) => boolean;
  /** What to say where no topology fits this one alone. */
  readonly nothing: () => DynSlurmError;
}

/** Those that fit all filters. @throws DynSlurmError `usage` where none does, with what there is instead */
export function filtered<Topology extends Filtered>(
  all: readonly Topology[],
  filters: TopologyFilters,
  now: Date,
): readonly Topology[] {
  const wanted = filtersOf(all, filters, now);
  const found = all.filter((topology) => wanted.every(({ fits }) => fits(topology)));
  if (found.length > 0 || wanted.length === 0) return found;
  for (const { fits, nothing } of wanted) if (!all.some(fits)) throw nothing();
  const hints = wanted.flatMap((one) => without(one, wanted, all));
  const options = wanted.map(({ option }) => option);
  throw new DynSlurmError('usage', `no topology fits ${alternatives(options, 'and')} together`, {
    hint: hints.length > 0 ? hints.join('; ') : '`dyn-slurm topologies` lists them all',
  });
}

function filtersOf(all: readonly Filtered[], filters: TopologyFilters, now: Date): readonly Filter[] {
  const { model, gpu, engine, goal, newerThan } = filters;
  const one = (key: 'gpu' | 'engine' | 'goal', value: string, is: string, known: readonly string[] = []) => {
    const there = distinct(all.map((topology) => topology[key]));
    return {
      option: `--${key} ${value}`,
      fits: (topology: Filtered) => topology[key] === value.toLowerCase(),
      nothing: () => unknown(`no topology ${is} ${JSON.stringify(value)}`, value, there, known),
    };
  };
  return [
    ...(model === undefined ? [] : [byModel(all, model)]),
    ...(gpu === undefined ? [] : [one('gpu', gpu, 'is for the GPU model', Object.keys(GPUS))]),
    ...(engine === undefined ? [] : [one('engine', engine, 'runs the engine')]),
    ...(goal === undefined ? [] : [one('goal', goal, 'has the goal')]),
    ...(newerThan === undefined ? [] : [byAge(all, newerThan, now)]),
  ];
}

function byModel(all: readonly Filtered[], wanted: string): Filter {
  const bare = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const there = distinct(all.map(({ model }) => model));
  const short = new Map(there.map((model) => [model.split('/').at(-1) ?? model, model]));
  return {
    option: `--model ${wanted}`,
    fits: ({ model }) => bare(model).includes(bare(wanted)),
    nothing: () =>
      unknown(`no topology serves a model whose name has ${JSON.stringify(wanted)}`, wanted, [
        ...short.keys(),
      ]),
  };
}

function byAge(all: readonly Filtered[], age: Age, now: Date): Filter {
  const first = 'day' in age ? age.day : dayOf(new Date(now.getTime() - age.seconds * 1000));
  const newest = all.toSorted((a, b) => compare(dayIn(b), dayIn(a)))[0];
  return {
    option: `--newer-than ${'day' in age ? age.day : `${Math.round(age.seconds / 86400)}d`}`,
    fits: (topology) => dayIn(topology) >= first,
    nothing: () =>
      new DynSlurmError('usage', `no topology is from ${first} or later`, {
        hint: `the newest is ${newest?.name}, from ${newest?.source.date}`,
      }),
  };
}

/** The day that a topology counts as: of a month, its first. */
function dayIn({ source }: Pick<Filtered, 'source'>): string {
  return source.date.padEnd('2026-08-19'.length, '-01');
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, '2026-08-19'.length);
}

/** `known`: further words that the misspelt one may mean, although no topology has them. */
function unknown(
  message: string,
  given: string,
  there: readonly string[],
  known: readonly string[] = [],
): DynSlurmError {
  const near = known.includes(given.toLowerCase()) ? undefined : nearest(given, [...there, ...known]);
  return new DynSlurmError('usage', `${message}${didYouMean(near)}`, {
    hint: `there are topologies for ${alternatives(there, 'and')}`,
  });
}

/** What there is if one filter is left out. */
function without(left: Filter, wanted: readonly Filter[], all: readonly Filtered[]): readonly string[] {
  const found = all.filter((topology) => wanted.every((one) => one === left || one.fits(topology)));
  const [first, ...more] = found;
  if (first === undefined) return [];
  const names = more.length === 0 ? first.name : count(found.length, 'topology');
  return [`without ${left.option} there ${more.length === 0 ? 'is' : 'are'} ${names}`];
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)].toSorted(compare);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
