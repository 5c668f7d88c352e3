import { elapsed } from '../../format.ts';
import { table } from '../chart.ts';
import { type Html, html } from '../html.ts';
import type { RunData } from '../run-data.ts';
import { type Span, timelineOf } from '../timeline.ts';

const WIDTH = 1000;
const LABELS = 220;
const ROW = 22;

/** The start-up as bars, and what happened after it; a table has the same. */
export function timeline({ run, events, bench, starts }: RunData, index: number): Html {
  const spans = timelineOf(
    events,
    run.job?.submitted,
    bench.flatMap(({ points }) => points.flatMap((point) => point.runs ?? [point])),
    starts,
  );
  const started = spans.filter(({ kind }) => kind === 'start');
  const rest = spans.filter(({ kind }) => kind !== 'start');
  if (spans.length === 0)
    return html`<section id="timeline-${index}"><h2>Timeline: ${run.id}</h2><p>The job has written no events: it has not started.</p></section>`;
  return html`<section id="timeline-${index}"><h2>Timeline: ${run.id}</h2>
${started.length > 0 && bars(`start-${index}`, 'From submission to ready', started)}
${rest.length > 0 && bars(`life-${index}`, 'From ready to the verdict', rest)}
<details><summary>Timeline as a table</summary>${table(
    ['what', 'from, UTC', 'took', ''],
    spans.map(({ name, start, end, text }) => [
      name,
      new Date(start).toISOString().slice(11, 23),
      start === end ? '' : elapsed(end - start),
      text,
    ]),
  )}</details></section>`;
}

function bars(id: string, title: string, spans: readonly Span[]): Html {
  const from = Math.min(...spans.map(({ start }) => start));
  const to = Math.max(...spans.map(({ end }) => end), from + 1);
  const place = (time: number) => LABELS + ((time - from) / (to - from)) * (WIDTH - LABELS - 90);
  const height = spans.length * ROW + 4;
  return html`<figure class="chart"><figcaption id="${id}">${title} <span class="note">${elapsed(to - from)} in all</span></figcaption>
<div class="scroll" tabindex="0" role="group" aria-labelledby="${id}"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}" class="bars">${spans.map(
    ({ name, start, end, kind, text }, row) => {
      const [left, right] = [place(start), place(end)];
      const middle = row * ROW + ROW / 2 + 2;
      return html`<g><title>${name}: ${start === end ? '' : elapsed(end - start)} ${text}</title>
<text x="${LABELS - 8}" y="${middle + 4}" text-anchor="end">${name.slice(0, 34)}</text>${
        start === end
          ? html`<path class="${kind}" d="M${left.toFixed(1)} ${middle - 7}l7 7l-7 7l-7-7z"/>`
          : html`<rect class="${kind}" x="${left.toFixed(1)}" y="${middle - 7}" width="${Math.max(2, right - left).toFixed(1)}" height="14" rx="2"/>`
      }<text x="${(right + 8).toFixed(1)}" y="${middle + 4}" class="took">${
        start === end ? `+${elapsed(start - from)}` : elapsed(end - start)
      }</text></g>`;
    },
  )}</svg></div></figure>`;
}
