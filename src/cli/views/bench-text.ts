import type { BenchPoint, BenchResult, Percentiles } from '../../bench/result.ts';
import { plainText } from '../../host/plain-text.ts';
import { MOCK_MARK } from '../../observe/mock-engines.ts';
import { count } from '../wording.ts';
import type { Page } from '../world.ts';
import { wrapped } from '../wrap.ts';
import { table } from './table.ts';

/** A benchmark's results for people: a table, and why they do not count where they do not. */
export function benchText(result: BenchResult, page: Page): string {
  const { name, tool, toolVersion, run, points } = result;
  const head = `${run} ${name}: ${[tool, toolVersion].filter(Boolean).join(' ')}${loadText(result)}`;
  const lines = [
    head,
    ...(isMock(result) ? [MOCK] : []),
    ...(points.length === 0 ? [] : [resultsTable(points, page).trimEnd()]),
    verdictLine(result),
  ];
  const text = lines.map((line) => `${line.split('\n').map(plainText).join('\n')}\n`).join('');
  return wrapped(text, page.width);
}

const isMock = ({ provenance }: BenchResult): boolean => provenance.mock;

/** Over every figure of a run whose engines are mock. */
const MOCK = `${MOCK_MARK}: mock engines answered; these figures say nothing about GPUs`;

function loadText({ load }: BenchResult): string {
  const { isl, osl, requestRate } = load;
  const lengths = isl === undefined || osl === undefined ? '' : `, ${isl} tokens in, ${osl} out`;
  return `${lengths}${requestRate === undefined || requestRate === 'inf' ? '' : `, ${requestRate} requests a second`}`;
}

const HEADER = [
  'concurrency',
  'tok/s',
  'per GPU',
  'per user',
  'TTFT p50, ms',
  'p99, ms',
  'ITL p50, ms',
  'p99, ms',
  'requests',
  'errors',
  'valid',
];

function resultsTable(points: readonly BenchPoint[], page: Page): string {
  const each = points.flatMap((point) => point.runs ?? [point]);
  return table(
    HEADER,
    each.map((point) => [
      String(point.concurrency),
      ...(point.completed === 0
        ? ['-', '-', '-']
        : [point.outputTokensPerSecond, point.perGpu, point.perUser].map(number)),
      time(point.ttft, 'p50'),
      time(point.ttft, 'p99'),
      time(point.itl ?? point.tpot, 'p50'),
      time(point.itl ?? point.tpot, 'p99'),
      `${point.completed}/${point.prompts}`,
      String(point.failed),
      `${point.valid ? 'yes' : 'INVALID'}${point.partial ? ', partial' : ''}`,
    ]),
    { width: page.width },
  );
}

function number(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

function time(values: Percentiles | undefined, which: 'p50' | 'p99'): string {
  const value = values?.[which];
  return value === undefined ? '-' : number(value);
}

function verdictLine(result: BenchResult): string {
  const { valid, problems, points, partial } = result;
  if (problems.length > 0) {
    const reasons = problems.map(
      ({ concurrency, reason }) => `  ${concurrency ? `concurrency ${concurrency}: ` : ''}${reason}`,
    );
    return ['INVALID', ...new Set(reasons)].join('\n');
  }
  if (valid && points.length > 0) return isMock(result) ? `valid, ${MOCK_MARK}` : 'valid';
  return partial ? 'not finished yet' : 'no results that can be read';
}

/** The same in short, for the status of its run. */
export function benchLines(result: BenchResult): string {
  const { name, points, problems, valid } = result;
  const [first] = problems;
  const measured = count(points.length, 'concurrency');
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
  const where = first?.concurrency ? `concurrency ${first.concurrency}: ` : '';
  const state = first ? `INVALID: ${where}${first.reason}${more}` : valid ? 'valid' : 'not finished yet';
  const line =
    points.length === 0 && first === undefined
      ? 'no results that can be read'
      : `${measured}, ${state}${isMock(result) ? `, ${MOCK_MARK}` : ''}`;
  return `${plainText(`  ${name === 'bench' ? 'bench    ' : `${name} `}${line}`)}\n`;
}
