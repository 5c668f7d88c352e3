import type { BenchPoint, Percentiles } from '../../bench/result.ts';
import { decimal } from '../../format.ts';
import { MOCK_MARK } from '../../observe/mock-engines.ts';
import { type ChartSeries, figure, table } from '../chart.ts';
import { type Html, html } from '../html.ts';
import { type Measured, standing } from '../measured.ts';

const KINDS = [
  ['ttft', 'Time to first token', ({ ttft }: BenchPoint) => ttft],
  ['itl', 'Time between tokens', ({ itl, tpot }: BenchPoint) => itl ?? tpot],
  ['e2e', 'Time of a whole request', ({ e2e }: BenchPoint) => e2e],
] as const;
const SHARES = ['p50', 'p90', 'p99'] as const;

/** Percentiles by concurrency. */
export function latency(measured: readonly Measured[]): Html {
  return html`<section id="latency"><h2>Latency by concurrency${measured.some(({ mock }) => mock) && ` ${MOCK_MARK}`}</h2><div class="grid">${KINDS.map(
    ([id, title, of]) => chart(id, title, measured, of),
  )}</div></section>`;
}

function chart(
  id: string,
  title: string,
  measured: readonly Measured[],
  of: (point: BenchPoint) => Percentiles | undefined,
): Html | undefined {
  const known = measured.filter(({ point }) => of(point) !== undefined);
  if (known.length === 0) return undefined;
  const drawn = known.filter(({ point }) => point.valid);
  const at = [...new Set(drawn.map(({ point }) => point.concurrency))].toSorted((one, other) => one - other);
  const labels = [...new Set(drawn.map(({ label }) => label))];
  const several = labels.length > 1;
  // Several runs are told apart by color and shape; of one the percentiles are.
  const series = labels.flatMap((label, run): readonly ChartSeries[] =>
    (several ? (['p50', 'p99'] as const) : SHARES).map((share, index) => ({
      name: several ? `${label} ${share}` : share,
      style: several ? run * 2 + index : index,
      values: at.map((concurrency) => {
        const point = drawn.find(
          (each) => each.label === label && each.point.concurrency === concurrency,
        )?.point;
        return (point && of(point)?.[share]) ?? null;
      }),
    })),
  );
  const rows = known.map(({ label, point }) => {
    const found = of(point);
    return [
      label,
      point.concurrency,
      ...(['mean', 'p50', 'p90', 'p95', 'p99', 'max'] as const).map((share) => decimal(found?.[share])),
      standing(point),
    ];
  });
  return figure({
    id,
    title: `${title}, ms`,
    x: { label: 'concurrency', kind: 'log' },
    y: { label: 'ms' },
    at,
    series,
    table: table(['benchmark', 'concurrency', 'mean', 'p50', 'p90', 'p95', 'p99', 'max', ''], rows),
  });
}
