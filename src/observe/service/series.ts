import type { Sample } from './exposition.ts';

/** The samples of one page, or of several that count together, by name. */
export interface Series {
  of(name: string): readonly Sample[];
}

/** Pages by the step that they come from; a series of one step is never taken for that of another. */
export function seriesOf(pages: ReadonlyMap<string, readonly Sample[]>): Series {
  const byName = new Map<string, Sample[]>();
  for (const [step, samples] of pages) {
    for (const sample of samples) {
      const known = byName.get(sample.name);
      const own = pages.size === 1 ? sample : { ...sample, labels: { ...sample.labels, [STEP]: step } };
      if (known) known.push(own);
      else byName.set(sample.name, [own]);
    }
  }
  return { of: (name) => byName.get(name) ?? [] };
}

/** No label of a page can be named so. */
const STEP = ' step';

type Choice = (sample: Sample) => boolean;

const ALL: Choice = () => true;

export function has(series: Series, name: string): boolean {
  return series.of(name).length > 0;
}

/** The sum of a name's series; 0 where there are none. */
export function sumOf(series: Series, name: string, choose: Choice = ALL): number {
  return series.of(name).reduce((sum, sample) => sum + (choose(sample) ? finite(sample.value) : 0), 0);
}

/**
 * By how much the counters of a name have grown together. One that went back has started anew, and has grown by what it
 * is; one that was not there before has too.
 */
export function growthOf(before: Series, after: Series, name: string, choose: Choice = ALL): number {
  const known = new Map(before.of(name).map((sample) => [keyOf(sample), sample.value]));
  let sum = 0;
  for (const sample of after.of(name)) {
    if (!choose(sample)) continue;
    const now = finite(sample.value);
    const then = finite(known.get(keyOf(sample)) ?? 0);
    sum += now < then ? now : now - then;
  }
  return sum;
}

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);

function keyOf({ labels }: Sample): string {
  const names = Object.keys(labels);
  const first = names[0];
  if (names.length === 1 && first !== undefined) return `${first}=${labels[first]}`;
  return names
    .sort()
    .map((name) => `${name}=${labels[name]}`)
    .join('\n');
}
