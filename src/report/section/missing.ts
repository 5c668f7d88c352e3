import { type Html, html } from '../html.ts';
import type { RunData } from '../run-data.ts';

/** What a report could say, and does not, and how to get it the next time. */
export function missing(runs: readonly RunData[]): Html | undefined {
  const lines = runs.flatMap((data) => {
    const { run, bench, load, gpus } = data;
    return [
      bench.every(({ points }) => points.length === 0) &&
        html`<li><strong>${run.id}</strong> has no benchmark. Put one under <code>bench:</code> in the config, or run <code>dyn-slurm bench ${run.id}</code> while it serves.</li>`,
      (load === undefined || load.looks === 0) &&
        html`<li><strong>${run.id}</strong> has no samples of metrics${load && ", and its load is known from the workers' logs only"}: they are taken from when the service is ready, every <code>observe.metrics</code>, unless that is <code>none</code>.</li>`,
      gpus.length === 0 &&
        html`<li><strong>${run.id}</strong> has no log of GPU utilization. Set <code>observe.gpu_log</code> to <code>nvidia-smi</code> or <code>dcgmi</code>.</li>`,
    ];
  });
  if (lines.every((line) => line === false)) return undefined;
  return html`<section id="missing"><h2>What is missing</h2><ul>${lines}</ul></section>`;
}
