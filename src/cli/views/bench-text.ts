import { accuracyText } from '../../bench/accuracy.ts';
import { NO_GPU_LOG } from '../../bench/gpu-power.ts';
import type { BenchResult } from '../../bench/result.ts';
import { count } from '../../config/text/plural.ts';
import { EXIT } from '../../errors.ts';
import { percent } from '../../format.ts';
import type { Host } from '../../host/host.ts';
import { plainText } from '../../host/plain-text.ts';
import { MOCK_MARK } from '../../observe/mock-engines.ts';
import type { Run } from '../../run/folder.ts';
import type { RunState } from '../../run/state.ts';
import { exitOfRun } from '../runs/exit.ts';
import type { Page } from '../world.ts';
import { wrapped } from '../wrap.ts';
import { resultsTable } from './bench-table.ts';

/** A benchmark's results for people: a table, and why they do not count where they do not. */
export function benchText(result: BenchResult, page: Page): string {
  const { name, tool, toolVersion, run, points, accuracy } = result;
  const head = `${run} ${name}: ${[tool, toolVersion].filter(Boolean).join(' ')}${loadText(result)}`;
  const lines = [
    head,
    ...(result.load.slo ? [`good requests: ${sloText(result.load.slo)}`] : []),
    ...(isMock(result) ? [MOCK] : []),
    ...(accuracy ? [`accuracy ${accuracyText(accuracy, isMock(result))}`] : []),
    ...(points.length === 0 ? [] : [resultsTable(points, page).trimEnd()]),
    ...energyText(result),
    ...acceptanceText(result),
    verdictLine(result),
  ];
  const text = lines.map((line) => `${line.split('\n').map(plainText).join('\n')}\n`).join('');
  return wrapped(text, page.width);
}

const isMock = ({ provenance }: BenchResult): boolean => provenance.mock;

/** Over every figure of a run whose engines are mock. */
const MOCK = `${MOCK_MARK}: mock engines answered; these measurements say nothing about GPUs`;

function loadText({ load }: BenchResult): string {
  const { isl, osl, requestRate } = load;
  const lengths = isl === undefined || osl === undefined ? '' : `, ${isl} tokens in, ${osl} out`;
  return `${lengths}${requestRate === undefined || requestRate === 'inf' ? '' : `, ${requestRate} requests a second`}`;
}

/** `TTFT up to 2 s, ITL up to 25 ms`. */
function sloText({ ttft, itl, e2e }: NonNullable<BenchResult['load']['slo']>): string {
  const bounds = [
    ['TTFT', ttft],
    ['mean ITL', itl],
    ['E2E', e2e],
  ] as const;
  return bounds
    .flatMap(([name, bound]) => (bound === undefined ? [] : [`${name} up to ${bound} ms`]))
    .join(', ');
}

/** Why energies are missing, where the job has a log of its GPUs. */
function energyText({ points }: BenchResult): readonly string[] {
  const reasons = points.flatMap(({ noEnergy }) => noEnergy ?? []).filter((reason) => reason !== NO_GPU_LOG);
  return [...new Set(reasons)].map((reason) => `energy is not known: ${reason}`);
}

/** Why it is not known how speculative decoding went. */
function acceptanceText({ points }: BenchResult): readonly string[] {
  const reasons = new Set(points.flatMap(({ noAcceptance }) => noAcceptance ?? []));
  return [...reasons].map((reason) => `speculative acceptance is not known: ${reason}`);
}

function verdictLine(result: BenchResult): string {
  const { valid, problems, points, partial } = result;
  if (problems.length > 0) {
    const reasons = problems.map(
      ({ concurrency, reason }) => `  ${concurrency ? `concurrency ${concurrency}: ` : ''}${reason}`,
    );
    return ['INVALID', ...new Set(reasons)].join('\n');
  }
  if (valid && (points.length > 0 || result.accuracy))
    return isMock(result) ? `valid, ${MOCK_MARK}` : 'valid';
  return partial ? 'not finished yet' : 'no readable results';
}

/** The same in short, for the status of its run. */
export function benchLines(result: BenchResult): string {
  const { name, points, problems, valid, accuracy } = result;
  const [first] = problems;
  const measured = [
    ...(points.length > 0 || !accuracy ? [count(points.length, 'concurrency')] : []),
    ...(accuracy ? [`${accuracy.suite} ${percent(accuracy.score, 2)} right`] : []),
  ].join(', ');
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
  const where = first?.concurrency ? `concurrency ${first.concurrency}: ` : '';
  const state = first ? `INVALID: ${where}${first.reason}${more}` : valid ? 'valid' : 'not finished yet';
  const line =
    points.length === 0 && accuracy === undefined && first === undefined
      ? 'no readable results'
      : `${measured}, ${state}${isMock(result) ? `, ${MOCK_MARK}` : ''}`;
  return `${plainText(`  ${name === 'bench' ? 'bench    ' : `${name} `}${line}`)}\n`;
}

/** How a run has ended, with what became of its benchmarks. */
export interface BenchedEnd {
  readonly code: number;
  /** Its benchmarks, the config's and others. */
  readonly results: readonly BenchResult[];
  /** The results that the job was for, as lines; empty where there are none. */
  readonly text: string;
}

/** The exit code of a run, and the results of its benchmarks. A run that goes on, or had none, is as it is. */
export async function benchedEnd(host: Host, run: Run, state: RunState, page: Page): Promise<BenchedEnd> {
  const code = exitOfRun(state);
  // Most runs have none, and reading is not free at a distance.
  const names = await host.list(run.dir);
  if (!names.includes('bench.json') && !names.includes('results')) return { code, results: [], text: '' };
  const { readBench } = await import('../../bench/read.ts');
  const results = await readBench(host, run);
  const own = results.find(({ name }) => name === 'bench');
  if (own === undefined || !state.verdict || !wasBegun(own, state)) return { code, results, text: '' };
  return { code: judged(code, own), results, text: benchText(own, page) };
}

/** A job that never came to its benchmark has other troubles. */
function wasBegun({ points, accuracy }: BenchResult, { steps }: RunState): boolean {
  return steps.has('bench') || points.length > 0 || accuracy !== undefined;
}

/** For a failed job, the benchmark is the result only where a worker was lost during it. */
function judged(code: number, { valid, problems }: BenchResult): number {
  if (valid) return code;
  const lost = problems.some(({ kind }) => kind === 'worker-lost' || kind === 'worker-restarted');
  return code === EXIT.ok || (code === EXIT.jobFailed && lost) ? EXIT.benchmarkInvalid : code;
}
