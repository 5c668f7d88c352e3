import { table } from '../chart.ts';
import { type Compared, compare } from '../comparison.ts';
import { type Html, html } from '../html.ts';
import { type Measured, spreadText } from '../measured.ts';
import { decimal, percent } from '../number.ts';

/** Every load that several benchmarks have measured: how far they differ, and whether that is more than noise. */
export function differences(measured: readonly Measured[]): Html | undefined {
  const found = compare(measured);
  if (new Set(measured.map(({ label }) => label)).size < 2) return undefined;
  if (found.length === 0)
    return html`<section id="differences"><h2>Differences</h2><p>The runs have no load in common: no valid point of the same concurrency, input and output length.</p></section>`;
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
    `${decimal(each.difference.difference)} (${percent(each.difference.relative)})`,
    each.difference.noise === undefined ? 'unknown' : `± ${decimal(each.difference.noise)}`,
    verdictText(each),
  ]),
)}</section>`;
}

function verdictText({ difference, better }: Compared): string {
  if (difference.verdict === 'noise') return 'smaller than the noise';
  if (difference.verdict === 'unknown') return 'measured once: noise unknown';
  return better ? '▲ better' : '▼ worse';
}
