import { createHash } from 'node:crypto';
import { MOCK_MARK } from '../observe/mock-engines.ts';
import { type Html, html, ownAsset } from './html.ts';
import { measuredOf } from './measured.ts';
import type { RunData } from './run-data.ts';
import { differences } from './section/differences.ts';
import { efficiency } from './section/efficiency.ts';
import { gpus } from './section/gpus.ts';
import { latency } from './section/latency.ts';
import { load } from './section/load.ts';
import { outcomes } from './section/outcomes.ts';
import { pareto } from './section/pareto.ts';
import { planAndConfig } from './section/plan.ts';
import { summary } from './section/summary.ts';
import { timeline } from './section/timeline.ts';

/** The page's own script and style sheet, which the build makes. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

/** The whole report. It loads nothing, and its policy lets it load nothing. */
export function page(runs: readonly RunData[], assets: PageAssets, made: Date): string {
  const measured = measuredOf(runs);
  const sections: readonly (Html | undefined)[] = [
    summary(runs),
    outcomes(runs),
    missing(runs),
    ...(measured.length > 0 ? [pareto(measured)] : []),
    differences(measured, runs),
    ...(measured.length > 0 ? [latency(measured)] : []),
    efficiency(measured),
    ...runs.map(load),
    ...runs.map(timeline),
    ...runs.map(gpus),
    ...runs.map(planAndConfig),
  ];
  const title = `dyn-slurm: ${runs.map(({ run }) => run.id).join(', ')}`;
  const shown = sections.filter((section) => section !== undefined);
  const policy = `default-src 'none'; style-src ${hash(assets.style)}; script-src ${hash(assets.script)}; base-uri 'none'; form-action 'none'`;
  return html`${DOCTYPE}<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${ownAsset(assets.style)}</style>
</head>
<body>
<a class="skip" href="#summary">To the summary</a>
<header><h1>${runs.length === 1 ? 'Run' : 'Runs'} ${runs.map(({ run }, index) => html`${index > 0 && ', '}<span class="id">${run.id}</span>`)}</h1>
<p class="note">Written by dyn-slurm on ${made.toISOString().slice(0, 16).replace('T', ' ')} UTC</p>
<button type="button" id="theme" hidden>Theme: as the system</button></header>
${mockNote(runs)}<nav aria-label="Sections"><ul>${shown.map(link)}</ul></nav>
<main>${shown}</main>
<script>${ownAsset(assets.script)}</script>
</body>
</html>
`.html;
}

const DOCTYPE: Html = { html: '<!doctype html>\n' };

/** Which of the runs had mock engines. */
function mockNote(runs: readonly RunData[]): Html | false {
  const mocked = runs.filter(({ mock }) => mock).map(({ run }) => run.id);
  if (mocked.length === 0) return false;
  const which = mocked.length === runs.length ? '' : ` of ${mocked.join(', ')}`;
  return html`<p class="warning"><strong>${MOCK_MARK}</strong>: the engines${which} were mock. Their figures say nothing about GPUs.</p>
`;
}

/** To a section, by the id and heading that it has. */
function link({ html: text }: Html): Html {
  const [, id = '', heading = ''] = /<section id="([\w-]+)"><h2>([^<]*)<\/h2>/.exec(text) ?? [];
  return { html: `<li><a href="#${id}">${heading}</a></li>` };
}

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** What a report could say, and does not, and how to get it the next time. */
function missing(runs: readonly RunData[]): Html | undefined {
  const lines = runs.flatMap((data) => {
    const { run, bench, load, gpus } = data;
    return [
      bench.every(({ points }) => points.length === 0) &&
        html`<li><strong>${run.id}</strong> has no benchmark. Put one under <code>bench:</code> in the config, or run <code>dyn-slurm bench ${run.id}</code> while it serves.</li>`,
      (load === undefined || load.looks === 0) &&
        html`<li><strong>${run.id}</strong> has no samples of metrics${load && ", and its load is known from the workers' logs only"}: they are taken from when the service is ready, every <code>observe.metrics</code>, unless that is <code>none</code>.</li>`,
      gpus.length === 0 &&
        html`<li><strong>${run.id}</strong> has no log of GPU utilization. Set <code>observe.gpu_log</code> to <code>nvidia-smi</code>, <code>dcgmi</code> or <code>amd-smi</code>.</li>`,
    ];
  });
  if (lines.every((line) => line === false)) return undefined;
  return html`<section id="missing"><h2>What is missing</h2><ul>${lines}</ul></section>`;
}
