import type { BenchPoint } from '../../bench/result.ts';
import { decimal } from '../../format.ts';
import { isBad } from '../../observe/known-cause.ts';
import { table } from '../chart.ts';
import { type Html, html } from '../html.ts';
import type { RunData } from '../run-data.ts';

/** How a run ended, or how far it has come. */
export function outcomeOf({ verdict, ready }: RunData['state']): string {
  return verdict?.outcome ?? (ready ? 'running' : 'starting');
}

/** Several runs beside each other: what sets them apart, how each ended, and its best valid figures. */
export function outcomes(runs: readonly RunData[]): Html | undefined {
  if (runs.length < 2) return undefined;
  const varies = runs.some(({ run }) => run.job?.variant !== undefined);
  const rows = runs.map(({ run, state, bench }) => {
    const points = bench.flatMap((each) => each.points);
    const sound = points.filter(({ valid, partial }) => valid && !partial);
    const best = (of: (point: BenchPoint) => number) =>
      sound.length > 0 ? decimal(Math.max(...sound.map(of))) : '–';
    const { variant = '–', changes = [] } = run.job ?? {};
    return [
      run.id,
      ...(varies ? [variant, changes.join(', ') || '–'] : []),
      outcomeOf(state),
      state.verdict && isBad(state.verdict) ? state.verdict.reason : '',
      `${sound.length} of ${points.length}`,
      best(({ perGpu }) => perGpu),
      best(({ perUser }) => perUser),
    ];
  });
  const names = ['run', ...(varies ? ['variant', 'differs in'] : []), 'ended', 'why', 'valid points'];
  return html`<section id="runs"><h2>Runs</h2>
${table([...names, 'best tok/s/GPU', 'best tok/s/user'], rows)}</section>`;
}
