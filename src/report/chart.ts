import { decimal } from '../format.ts';
import { type Content, type Html, html, scriptData } from './html.ts';

/** One line or set of points of a chart. */
export interface ChartSeries {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** Which of the palette's colors, shapes and dashes; a run or worker keeps its own. */
  readonly style: number;
  /** Points only: filled, or hollow and gray. */
  readonly points?: 'filled' | 'gray';
  /** Written beside each point, such as its concurrency. */
  readonly labels?: readonly (string | null)[];
}

/** What the page's script draws, and a table tells as well. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  /** What there is to see, in a sentence or two. */
  readonly note?: string;
  readonly x: { readonly label: string; readonly kind: 'time' | 'number' | 'log' };
  readonly y: { readonly label: string };
  /** Ascending; of times seconds since 1970. */
  readonly at: readonly number[];
  readonly series: readonly ChartSeries[];
  /** A table in place of the one that every value is in. */
  readonly table?: Html;
}

/** Rows of a chart's own table: the rest of a long series is in the chart. */
const MOST_ROWS = 60;

/** The chart's place, its data, and its values as a table. */
export function figure(chart: Chart): Html {
  const { id, title, note, x, y, at, series } = chart;
  return html`<figure class="chart" aria-labelledby="${id}-title">
<figcaption id="${id}-title">${title}${note !== undefined && html`<span class="note">${note}</span>`}</figcaption>
<div class="plot" data-chart="${id}-data" tabindex="0" role="img" aria-label="${title}. Left and right go from value to value; the table below has all of them."></div>
<p class="reading" aria-live="polite"></p>
<script type="application/json" id="${id}-data">${scriptData({ x, y, at, series })}</script>
<details><summary>${title}: the values as a table</summary>${chart.table ?? valueTable(chart)}</details>
</figure>`;
}

function valueTable({ x, at, series }: Chart): Html {
  const step = Math.max(1, Math.ceil(at.length / MOST_ROWS));
  const shownAt = x.kind === 'time' ? clock : decimal;
  const rows = at
    .map((value, index) => [shownAt(value), ...series.map(({ values }) => decimal(values[index]))])
    .filter((_, index) => index % step === 0);
  const shown = table([x.label, ...series.map(({ name }) => name)], rows);
  return step === 1 ? shown : html`${shown}<p class="note">Every ${step}th of ${at.length} values.</p>`;
}

/** A table that scrolls by itself where the screen is narrow. The first cell of a row names it. */
export function table(head: readonly Content[], rows: readonly (readonly Content[])[]): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="table"><table><thead><tr>${head.map(
    (cell) => html`<th scope="col">${cell}</th>`,
  )}</tr></thead><tbody>${rows.map(
    ([first, ...cells]) =>
      html`<tr><th scope="row">${first}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}

/** `2026-11-24 09:00:05` UTC. */
function clock(seconds: number): string {
  return Number.isFinite(seconds)
    ? new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')
    : '';
}
