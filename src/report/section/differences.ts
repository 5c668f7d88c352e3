import { change, decimal } from '../../format.ts';
import { table } from '../chart.ts';
import { compare, verdictText } from '../comparison.ts';
import { type Html, html } from '../html.ts';
import { lineDifference } from '../line-difference.ts';
import { type Measured, spreadText } from '../measured.ts';
import type { RunData } from '../run-data.ts';

/** Every load that several benchmarks have measured: how far they differ, and whether that is more than noise. */
export function differences(measured: readonly Measured[], runs: readonly RunData[]): Html | undefined {
  const found = compare(measured);
  const configs = runs.slice(1).map((data) => configDifference(runs[0], data));
  // Benchmarks of one run that measured different loads have nothing to be compared by.
  if (runs.length < 2 && found.length === 0) return undefined;
  if (found.length === 0)
    return html`<section id="differences"><h2>Differences</h2><p>The runs have no load in common: no valid point of the same concurrency, input and output length.</p>${configs}</section>`;
  return html`<section id="differences"><h2>Differences</h2>
<p>Each against the first run with the same load, as mean ± standard deviation of repeated measurements. A difference below its noise, twice the standard error, says nothing; where a load was measured once, the noise is unknown: give a concurrency twice in <code>bench.concurrencies</code>.</p>
${table(
  ['run', 'concurrency', 'ISL / OSL', 'figure', 'before', 'after', 'difference', 'noise', 'verdict'],
  found.map((each) => [
    `${each.other} against ${each.baseline}`,
    each.concurrency,
    each.lengths,
    each.figure,
    spreadText(each.before),
    spreadText(each.after),
    `${decimal(each.difference.difference)} (${change(each.difference.relative)})`,
    each.difference.noise === undefined ? 'unknown' : `± ${decimal(each.difference.noise)}`,
    verdictText(each),
  ]),
)}${configs}</section>`;
}

function configDifference(first: RunData | undefined, { run, config }: RunData): Html {
  const lines = lineDifference(first?.config ?? '', config ?? '');
  return lines.length === 0
    ? html`<p>The config of ${run.id} is that of ${first?.run.id}.</p>`
    : html`<details open><summary>Config of ${run.id} against ${first?.run.id}</summary><pre tabindex="0">${lines.join('\n')}</pre></details>`;
}
