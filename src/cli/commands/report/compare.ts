import { accuracyText } from '../../../bench/accuracy.ts';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import { change, decimal, percent } from '../../../format.ts';
import { plainText } from '../../../host/plain-text.ts';
import { MOCK_MARK } from '../../../observe/mock-engines.ts';
import {
  type Compared,
  type ComparedAccuracy,
  compare,
  compareAccuracy,
  verdictText,
} from '../../../report/comparison.ts';
import { lineDifference } from '../../../report/line-difference.ts';
import { measuredOf, spreadText, standing } from '../../../report/measured.ts';
import { readRunData } from '../../../report/read.ts';
import type { RunData } from '../../../report/run-data.ts';
import { type LookupOptions, lookUpRun } from '../../runs/lookup.ts';
import { jsonText } from '../../sink.ts';
import { table } from '../../views/table.ts';
import type { World } from '../../world.ts';
import type { RunOptions } from '../options.ts';

/** `dyn-slurm compare A B`: loads that both have measured, and what differs between their configs. */
export async function compareRuns(
  first: string,
  second: string,
  options: RunOptions,
  world: World,
): Promise<number> {
  const [before, after] = [await dataOf(first, options, world), await dataOf(second, options, world)];
  if (before.run.dir === after.run.dir) throw new DynSlurmError('usage', 'both arguments name the same run');
  const measured = measuredOf([before, after]);
  const points = compare(measured).filter(
    ({ baseline, other }) => baseline.startsWith(before.run.id) && other.startsWith(after.run.id),
  );
  const config = lineDifference(before.config ?? '', after.config ?? '');
  if (options.json) {
    const mock = { before: before.mock, after: after.mock };
    const runs = { before: before.run.id, after: after.run.id, mock };
    world.out.write(jsonText({ ...runs, points, accuracy: compareAccuracy(before, after), config }));
    return EXIT.ok;
  }
  for (const { run, mock } of [before, after]) {
    if (mock)
      world.err.write(`${run.id} is ${MOCK_MARK}: measurements of mock engines say nothing about GPUs\n`);
  }
  for (const { label, point } of measured) {
    const why = standing(point);
    if (why !== '')
      world.err.write(`omitted: ${label}, concurrency ${point.concurrency}: ${plainText(why)}\n`);
  }
  const answers = compareAccuracy(before, after);
  if (answers.length > 0) world.out.write(accuracyTable(answers, world));
  for (const { run, bench, mock } of [before, after])
    for (const { accuracy } of bench)
      if (accuracy) world.err.write(`${run.id}: accuracy ${plainText(accuracyText(accuracy, mock))}\n`);
  if (points.length > 0) world.out.write(pointsTable(points, world));
  else if (answers.length === 0)
    world.err.write(
      'the runs have no measured load in common: no valid measurement has the same concurrency, ISL and OSL in both\n',
    );
  world.out.write(
    config.length === 0
      ? '\nconfig: the same\n'
      : `\nconfig\n${config.map((line) => `  ${plainText(line)}\n`).join('')}`,
  );
  return EXIT.ok;
}

async function dataOf(query: string, options: LookupOptions, world: World): Promise<RunData> {
  const { run, connection } = await lookUpRun(query, options, world);
  return readRunData(connection.host, run);
}

function accuracyTable(each: readonly ComparedAccuracy[], { page }: World): string {
  return table(
    ['accuracy', 'before', 'after', 'difference', 'noise', ''],
    each.map(({ suite, before, after, difference, noise }) => [
      suite,
      ...[before, after].map(({ score, valid }) => `${percent(score, 2)}${valid ? '' : ' INVALID'}`),
      percent(difference, 2),
      `± ${percent(noise, 2)}`,
      Math.abs(difference) <= noise ? 'smaller than the noise' : difference > 0 ? '▲ better' : '▼ worse',
    ]),
    page,
  );
}

function pointsTable(points: readonly Compared[], { page }: World): string {
  return table(
    ['concurrency', 'ISL / OSL', 'figure', 'before', 'after', 'difference', 'noise', ''],
    points.map((each) => [
      String(each.concurrency),
      each.lengths,
      each.figure,
      spreadText(each.before),
      spreadText(each.after),
      `${decimal(each.difference.difference)} (${change(each.difference.relative)})`,
      each.difference.noise === undefined ? '?' : `± ${decimal(each.difference.noise)}`,
      verdictText(each),
    ]),
    page,
  );
}
