import { MOCK_MARK } from '../../observe/mock-engines.ts';
import { type ChartSeries, figure, table } from '../chart.ts';
import { type Html, html } from '../html.ts';
import { type Measured, spreadIn, spreadText, standing } from '../measured.ts';

/** Throughput of a GPU against the speed that a user sees. What is not valid is in the table only. */
export function pareto(measured: readonly Measured[]): Html {
  const sound = measured.filter(
    ({ point }) => point.valid && !point.partial && point.perUser > 0 && point.perGpu > 0,
  );
  // Repeated measurements count as their mean.
  const places = new Map(
    sound.map((each) => {
      const { point } = each;
      const perGpu = spreadIn(point, (one) => one.perGpu)?.mean ?? point.perGpu;
      return [each, { perGpu, perUser: spreadIn(point, (one) => one.perUser)?.mean ?? point.perUser }];
    }),
  );
  const beaten = dominators([...places.values()]);
  const by = new Map(sound.map((each, index) => [each, beaten[index] ?? []]));
  const at = [...new Set([...places.values()].map(({ perUser }) => perUser))].toSorted(
    (one, other) => one - other,
  );
  const values = (which: readonly Measured[]) => {
    const found = at.map((x) => which.find((each) => places.get(each)?.perUser === x));
    return {
      values: found.map((each) => (each && places.get(each)?.perGpu) ?? null),
      labels: found.map((each) => each && `c${each.point.concurrency}`).map((label) => label ?? null),
    };
  };
  const labels = [...new Set(sound.map(({ label }) => label))];
  const series = labels.flatMap((label): readonly ChartSeries[] => {
    const own = sound.filter((each) => each.label === label);
    const [best, worse] = [
      own.filter((one) => by.get(one)?.length === 0),
      own.filter((one) => by.get(one)?.length),
    ];
    const style = own[0]?.style ?? 0;
    return [
      { name: label, ...values(best), style, points: 'filled' },
      ...(worse.length > 0
        ? ([{ name: `${label}, dominated`, ...values(worse), style, points: 'gray' }] as const)
        : []),
    ];
  });
  const rows = measured.map((each) => {
    const { label, point, isl, osl } = each;
    const by_ = (by.get(each) ?? []).map((index) => sound[index]).filter((one) => one !== undefined);
    const over = by_.map(
      (one) => `${one.label === label ? '' : `${one.label} `}concurrency ${one.point.concurrency}`,
    );
    return [
      label,
      point.concurrency,
      `${isl ?? '–'} / ${osl ?? '–'}`,
      spreadText(spreadIn(point, ({ perUser }) => perUser)),
      spreadText(spreadIn(point, ({ perGpu }) => perGpu)),
      spreadText(spreadIn(point, ({ outputTokensPerSecond }) => outputTokensPerSecond)),
      `${point.completed} of ${point.prompts}`,
      standing(point) || (over.length > 0 ? `dominated by ${over.join(', ')}` : 'on the frontier'),
    ];
  });
  const left = measured.length - sound.length;
  return html`<section id="pareto"><h2>Throughput against speed${measured.some(({ mock }) => mock) && ` ${MOCK_MARK}`}</h2>
${figure({
  id: 'pareto-chart',
  title: 'Output tokens per second and GPU, by output tokens per second and user',
  note: `Each point is a concurrency: c8 stands for 8. Up and to the right is better. Hollow gray points are dominated: another point is as good in both and better in one.${
    left > 0 ? ` ${left} of ${measured.length} points are invalid or partial, and only in the table.` : ''
  }`,
  x: { label: 'tok/s/user', kind: 'number' },
  y: { label: 'tok/s/GPU' },
  at,
  series,
  table: table(
    ['benchmark', 'concurrency', 'ISL / OSL', 'tok/s/user', 'tok/s/GPU', 'output tok/s', 'requests', ''],
    rows,
  ),
})}</section>`;
}

/** A point of throughput against speed: output tokens a second of each GPU, and of each user. */
export interface Tradeoff {
  readonly perGpu: number;
  readonly perUser: number;
}

/** By point: which others, by index, are as good in both and better in one. The frontier is what has none. */
export function dominators(points: readonly Tradeoff[]): readonly (readonly number[])[] {
  return points.map((point) =>
    points.flatMap((other, index) => (other !== point && dominates(other, point) ? [index] : [])),
  );
}

function dominates(one: Tradeoff, other: Tradeoff): boolean {
  const asGood = one.perGpu >= other.perGpu && one.perUser >= other.perUser;
  return asGood && (one.perGpu > other.perGpu || one.perUser > other.perUser);
}
