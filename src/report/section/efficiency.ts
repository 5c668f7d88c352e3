import { decimal } from '../../format.ts';
import { MOCK_MARK } from '../../observe/mock-engines.ts';
import { table } from '../chart.ts';
import { type Html, html } from '../html.ts';
import { type Measured, spreadIn, spreadText, standing } from '../measured.ts';

/** Goodput, energy and speculative decoding of each point, where any of them is known. */
export function efficiency(measured: readonly Measured[]): Html | undefined {
  const told = measured.filter(
    ({ point }) =>
      point.goodput !== undefined ||
      point.energy !== undefined ||
      point.acceptLength !== undefined ||
      point.acceptRate !== undefined ||
      point.noAcceptance !== undefined,
  );
  if (told.length === 0) return undefined;
  const reasons = [...new Set(measured.flatMap(({ point }) => (point.energy ? [] : (point.noEnergy ?? []))))];
  const silent = [...new Set(measured.flatMap(({ point }) => point.noAcceptance ?? []))];
  const rows = measured.map(({ label, point }) => [
    label,
    point.concurrency,
    spreadText(spreadIn(point, ({ goodput }) => goodput)),
    spreadText(spreadIn(point, ({ requestsPerSecond }) => requestsPerSecond)),
    spreadText(spreadIn(point, ({ energy }) => energy?.perOutputToken)),
    spreadText(spreadIn(point, ({ energy }) => energy?.perToken)),
    decimal(point.energy && point.energy.watts / point.energy.gpus),
    spreadText(spreadIn(point, ({ acceptLength }) => acceptLength)),
    spreadText(spreadIn(point, ({ acceptRate }) => acceptRate)),
    standing(point),
  ]);
  const names = ['goodput, req/s', 'all, req/s', 'J per output token', 'J per token', 'W per GPU'];
  return html`<section id="efficiency"><h2>Goodput, energy, speculation${measured.some(({ mock }) => mock) && ` ${MOCK_MARK}`}</h2>
<p>Energy is that of the GPUs that the run's workers have, by the power in the GPU log, while the load lasted.${
    reasons.length > 0 && ` Where it is missing: ${reasons.join('; ')}.`
  }${silent.length > 0 && ` Of speculative decoding nothing is known where ${silent.join('; ')}.`}</p>
${table(['benchmark', 'concurrency', ...names, 'tokens per step', 'accepted share', ''], rows)}</section>`;
}
