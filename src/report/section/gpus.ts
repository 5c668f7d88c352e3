import { decimal } from '../../format.ts';
import { type Chart, figure, table } from '../chart.ts';
import type { GpuSeries } from '../gpu-series.ts';
import { type Html, html } from '../html.ts';
import type { RunData } from '../run-data.ts';
import { mean } from '../thin.ts';

const MOST_LINES = 12;

/** How busy the GPUs of each node were, by the roles that ran there. */
export function gpus({ run, gpus: nodes }: RunData, index: number): Html | undefined {
  if (nodes.length === 0) return undefined;
  const roles = [...new Set(nodes.map(roleOf))];
  return html`<section id="gpus-${index}"><h2>GPUs: ${run.id}</h2>
<div class="grid">${roles.map((role, at) => figure(chart(role, nodes, `${index}-${at}`)))}</div>
<details><summary>Every node: means over its GPUs and the whole run</summary>${table(
    ['node', 'roles', 'GPUs', 'busy, %', 'memory, GiB', 'power, W'],
    nodes.map((node) => {
      const [busy, memory, power] = node.over.columns.map((column) => mean(column));
      return [
        node.node,
        roleOf(node),
        node.gpus,
        decimal(busy),
        decimal(memory === null || memory === undefined ? null : memory / 1024),
        decimal(power),
      ];
    }),
  )}</details></section>`;
}

const roleOf = ({ roles }: GpuSeries): string => roles.join(' and ') || 'other';

function chart(role: string, all: readonly GpuSeries[], id: string): Chart {
  const own = all.filter((node) => roleOf(node) === role);
  const shown = own.slice(0, MOST_LINES);
  // Nodes sample at their own moments: to the second they are put together.
  const at = [...new Set(shown.flatMap(({ over }) => over.times.map(Math.round)))].toSorted((a, b) => a - b);
  return {
    id: `gpu-${id}`,
    title: `GPUs of ${role} nodes, percent busy`,
    ...(own.length > shown.length && { note: `The first ${shown.length} of ${own.length} nodes.` }),
    x: { label: 'UTC', kind: 'time' },
    y: { label: '% busy' },
    at,
    series: shown.map(({ node, over }, style) => {
      const values = new Map(
        over.times.map((time, row) => [Math.round(time), over.columns[0]?.[row] ?? null]),
      );
      return { name: node, values: at.map((time) => values.get(time) ?? null), style };
    }),
  };
}
