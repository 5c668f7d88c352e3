import { expect, test } from 'vitest';
import {
  type ArgumentEntry,
  engineData,
  type Package,
  type ProgramName,
} from '../../../src/config/compat/engine-data.ts';
import { compareReleases } from '../../../src/config/compat/release.ts';

const { releases, pins, programs, titles } = engineData();
const names = Object.keys(programs) as ProgramName[];

test.each(Object.entries(releases))('releases of %s stand in their order', (_, listed) => {
  expect(listed).toEqual([...new Set(listed)].toSorted(compareReleases));
});

test('each package has a title', () => {
  expect(Object.keys(titles)).toEqual(Object.keys(releases));
});

test.each(Object.entries(pins))('Dynamo %s asks for engines that the tables know', (dynamo, asked) => {
  expect(releases.dynamo).toContain(dynamo);
  expect(releases.sglang).toContain(asked.sglang);
  expect(releases.vllm).toContain(asked.vllm);
});

test.each(names)('%s: spans name listed releases, the earlier one first', (name) => {
  const listed = releases[name.split('.')[0] as Package];
  const wrong = Object.entries<ArgumentEntry>(programs[name]).flatMap(([argument, entry]) =>
    spansOf(entry)
      .flatMap((span) => span.split(','))
      .filter((run) => run !== '' && !isRun(run, listed))
      .map((run) => `${argument}: ${run}`),
  );
  expect(wrong).toEqual([]);
});

function spansOf({
  in: within = '',
  type,
  aliases,
  choices,
  keys,
  deprecated,
}: ArgumentEntry): readonly string[] {
  const maps = [typeof type === 'string' ? {} : type, aliases, choices, keys, deprecated];
  return [within, ...maps.flatMap((map) => Object.values(map ?? {}))];
}

function isRun(run: string, listed: readonly string[]): boolean {
  const [first, last, ...more] = run.split('-');
  if (first === undefined || last === undefined || more.length > 0 || run === '-') return false;
  const [from, to] = [first && listed.indexOf(first), last && listed.indexOf(last)];
  return from !== -1 && to !== -1 && (from === '' || to === '' || from <= to);
}

test.each(names)('%s: types are spelled as the reader knows them', (name) => {
  const types = Object.values<ArgumentEntry>(programs[name]).flatMap(({ type }) =>
    typeof type === 'string' ? [type] : Object.keys(type),
  );
  expect(types.filter((type) => !/^(flag|(int|float|text|word)[+*?]?)$/.test(type))).toEqual([]);
});
