import uPlot from 'uplot';

/** What a chart's script element holds; src/report/chart.ts writes it. */
interface ChartData {
  readonly x: { readonly label: string; readonly kind: 'time' | 'number' | 'log' };
  readonly y: { readonly label: string };
  readonly at: readonly number[];
  readonly series: readonly {
    readonly name: string;
    readonly values: readonly (number | null)[];
    readonly style: number;
    readonly points?: 'filled' | 'gray';
    readonly labels?: readonly (string | null)[];
  }[];
}

/** Lines are told apart by these as well as by color. */
const DASHES: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [14, 5]];
const COLORS = 6;
const HEIGHT = 300;

const drawn = new Map<HTMLElement, uPlot>();
const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const plot = drawn.get(target as HTMLElement);
    if (plot && plot.width !== target.clientWidth)
      plot.setSize({ width: target.clientWidth, height: HEIGHT });
  }
});

/** Draws every chart, anew where it was drawn in other colors. */
export function drawAll(): void {
  for (const place of document.querySelectorAll<HTMLElement>('[data-chart]')) {
    const text = document.getElementById(place.dataset.chart ?? '')?.textContent;
    const data = JSON.parse(text ?? 'null') as ChartData | null;
    if (!data || data.at.length === 0) {
      place.hidden = true;
      continue;
    }
    drawn.get(place)?.destroy();
    drawn.set(place, draw(place, data));
    resized.observe(place);
    place.onkeydown = (event) => step(event, place, data);
  }
}

function draw(place: HTMLElement, data: ChartData): uPlot {
  const { x, y, at, series } = data;
  const labelled = series.some(({ labels }) => labels !== undefined);
  const css = getComputedStyle(document.documentElement);
  const color = (name: string) => css.getPropertyValue(`--${name}`).trim();
  const axis = {
    stroke: color('text'),
    grid: { stroke: color('line'), width: 1 },
    ticks: { stroke: color('line'), width: 1 },
    font: '12px system-ui, sans-serif',
    labelFont: '12px system-ui, sans-serif',
  };
  const options: uPlot.Options = {
    width: place.clientWidth || 600,
    height: HEIGHT,
    // A run's place in time is told in UTC, as everywhere else.
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    cursor: { drag: { x: true, y: false }, points: { size: 9 } },
    // What is under the cursor is told below: a legend has no values to show before that.
    legend: { live: false },
    hooks: {
      draw: [(plot) => drawLabels(plot, series)],
      setCursor: [(plot) => tell(plot, place, data)],
    },
    scales: {
      x: { time: x.kind === 'time', distr: x.kind === 'log' ? 3 : 1, log: 2, range: span },
      y: { range: (_, __, most) => [0, most > 0 ? most * (labelled ? 1.2 : 1.08) : 1] },
    },
    axes: [
      {
        ...axis,
        label: x.label,
        ...(x.kind === 'time' && {
          space: 90,
          values: (_: uPlot, splits: readonly number[]) => splits.map(clock),
        }),
        ...(x.kind === 'log' && {
          splits: () => [...at],
          values: (_: uPlot, splits: readonly number[]) => splits.map(String),
          filter: (_: uPlot, splits: number[]) => splits,
        }),
      },
      { ...axis, label: y.label, size: 64 },
    ],
    series: [
      {
        label: x.label,
        value: (_, value) => (value === null ? '–' : x.kind === 'time' ? clock(value) : number(value)),
      },
      ...series.map(({ name, style, points }): uPlot.Series => {
        const gray = points === 'gray';
        const stroke = color(gray ? 'muted' : `series-${(style % COLORS) + 1}`);
        return {
          label: name,
          stroke,
          width: 2,
          spanGaps: points !== undefined || x.kind === 'log',
          dash: gray ? [] : [...(DASHES[style % DASHES.length] ?? [])],
          ...(gray && { paths: () => null }),
          points: {
            show: points !== undefined || x.kind !== 'time' || at.length < 3,
            size: 11,
            width: 2,
            stroke,
            fill: gray ? color('panel') : stroke,
            paths: pointsPath(style),
          },
          value: (_, value) => (value === null || value === undefined ? '–' : number(value)),
        };
      }),
    ],
  };
  const columns = [at, ...series.map(({ values }) => values)] as unknown as uPlot.AlignedData;
  return new uPlot(options, columns, place);
}

/** A little room on both sides; around a single value as well. */
function span(plot: uPlot, least: number, most: number): [number, number] {
  if (plot.scales.x?.distr === 3) return [least / 1.25, most * 1.25];
  if (plot.scales.x?.time) return least === most ? [least - 5, most + 5] : [least, most];
  return [Math.max(0, least - (most - least || most) * 0.1), most + (most - least || most) * 0.1];
}

/** Arrow keys go from value to value. */
function step(event: KeyboardEvent, place: HTMLElement, { at }: ChartData): void {
  const plot = drawn.get(place);
  const move = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
  if (!plot || move === undefined) return;
  event.preventDefault();
  const now = plot.cursor.idx ?? (move > 0 ? -1 : at.length);
  const index = Math.min(at.length - 1, Math.max(0, now + move));
  plot.setCursor({ left: plot.valToPos(at[index] ?? 0, 'x'), top: plot.over.clientHeight / 2 });
}

/** Writes what is under the cursor below the chart, where it is read out too. */
function tell({ cursor }: uPlot, place: HTMLElement, { x, at, series }: ChartData): void {
  const reading = place.parentElement?.querySelector('.reading');
  const { idx: index, left = -1 } = cursor;
  if (!reading) return;
  if (left < 0 || index === null || index === undefined) {
    reading.textContent = '';
    return;
  }
  const where = x.kind === 'time' ? clock(at[index] ?? 0) : number(at[index] ?? 0);
  const values = series.flatMap(({ name, values, labels }) => {
    const value = values[index];
    const label = labels?.[index] ?? '';
    return value === null || value === undefined
      ? []
      : [`${[name, label].filter(Boolean).join(' ')} ${number(value)}`];
  });
  reading.textContent = `${x.label} ${where}: ${values.join(', ') || 'no value'}`;
}

/** Pixels of a screen between a point and its label. */
const APART = 8;

/** Labels of points, where they do not lie over one another; those that are left out are told under the cursor. */
function drawLabels(plot: uPlot, series: ChartData['series']): void {
  const { ctx, bbox } = plot;
  const taken: { left: number; right: number; top: number; bottom: number }[] = [];
  const size = 12 * devicePixelRatio;
  ctx.save();
  ctx.font = `${size}px system-ui, sans-serif`;
  ctx.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--text').trim();
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  for (const [index, { labels = [], values }] of series.entries()) {
    if (plot.series[index + 1]?.show === false) continue;
    for (const [at, label] of labels.entries()) {
      const [x, y] = [plot.data[0][at], values[at]];
      if (label === null || x === undefined || y === null || y === undefined) continue;
      const width = ctx.measureText(label).width;
      const point = plot.valToPos(x, 'x', true);
      const right = point + APART * devicePixelRatio + width > bbox.left + bbox.width;
      const left = right ? point - APART * devicePixelRatio - width : point + APART * devicePixelRatio;
      const middle = Math.max(bbox.top + size, plot.valToPos(y, 'y', true) - size * 0.7);
      const box = { left, right: left + width, top: middle - size / 2, bottom: middle + size / 2 };
      const free = taken.every(
        (other) =>
          box.right < other.left ||
          box.left > other.right ||
          box.bottom < other.top ||
          box.top > other.bottom,
      );
      if (!free) continue;
      taken.push(box);
      ctx.fillText(label, left, middle);
    }
  }
  ctx.restore();
}

/** `09:00:05`, with tenths where it has some. */
function clock(seconds: number): string {
  const text = new Date(seconds * 1000).toISOString();
  return text.slice(11, text.slice(20, 21) === '0' ? 19 : 21);
}

function number(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 5 });
}

/** Shapes, so that color is not all that tells one series from the other. `side`: pixels from the middle. */
const SHAPES: readonly ((path: Path2D, x: number, y: number, side: number) => void)[] = [
  (path, x, y, side) => {
    path.moveTo(x + side, y);
    path.arc(x, y, side, 0, 2 * Math.PI);
  },
  (path, x, y, side) => path.rect(x - side * 0.85, y - side * 0.85, side * 1.7, side * 1.7),
  (path, x, y, side) => polygon(path, x, y, [0, -side * 1.1, side, side * 0.8, -side, side * 0.8]),
  (path, x, y, side) => polygon(path, x, y, [0, -side * 1.2, side * 1.2, 0, 0, side * 1.2, -side * 1.2, 0]),
  (path, x, y, side) => polygon(path, x, y, [0, side * 1.1, side, -side * 0.8, -side, -side * 0.8]),
];

function polygon(path: Path2D, x: number, y: number, corners: readonly number[]): void {
  for (let at = 0; at < corners.length; at += 2) {
    const [dx = 0, dy = 0] = corners.slice(at, at + 2);
    if (at === 0) path.moveTo(x + dx, y + dy);
    else path.lineTo(x + dx, y + dy);
  }
  path.closePath();
}

/** Points of a series in its own shape. */
function pointsPath(style: number): uPlot.Series.Points.PathBuilder {
  const shape = SHAPES[style % SHAPES.length];
  return (plot, seriesIndex, first, last) => {
    const path = new Path2D();
    const side = 5 * devicePixelRatio;
    for (let index = first; index <= last; index++) {
      const value = plot.data[seriesIndex]?.[index];
      const at = plot.data[0][index];
      if (value === null || value === undefined || at === undefined) continue;
      shape?.(path, plot.valToPos(at, 'x', true), plot.valToPos(value, 'y', true), side);
    }
    return { stroke: path, fill: path, flags: 0 } as uPlot.Series.Points.Paths;
  };
}
