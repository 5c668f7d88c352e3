import type { PlannedProcess } from '../../run/plan-file.ts';
import { table } from '../chart.ts';
import { type Html, html } from '../html.ts';
import type { RunData } from '../run-data.ts';

/** Every process with its node, GPUs, ports and command; and the config as it was sent. */
export function planAndConfig({ run, plan, config, state }: RunData, index: number): Html {
  const hosts = new Map(state.bound?.nodes.map(({ index: node, host }) => [node, host]));
  return html`<section id="plan-${index}"><h2>Plan and config: ${run.id}</h2>
${
  plan && plan.processes.length > 0
    ? html`<details><summary>The plan: ${plan.processes.length} processes</summary>${
        plan.warnings.length > 0 &&
        html`<ul>${plan.warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`
      }${table(
        ['process', 'node', 'role', 'GPUs', 'ports', 'command'],
        plan.processes.map((process) => row(process, hosts)),
      )}</details>`
    : html`<p>There is no plan.json in the run folder that can be read.</p>`
}
${
  config === undefined
    ? html`<p>There is no config.yaml in the run folder.</p>`
    : html`<details><summary>config.yaml, as it was sent</summary><pre tabindex="0">${config}</pre></details>`
}</section>`;
}

function row(process: PlannedProcess, hosts: ReadonlyMap<number, string>) {
  const { name, nodeIndex, nodeRank, role, kind, gpus, ports, argv } = process;
  return [
    nodeRank > 0 ? `${name} rank ${nodeRank}` : name,
    hosts.get(nodeIndex) ?? `node ${nodeIndex}`,
    role ?? kind,
    gpus.join(' ') || '–',
    ports
      .map(({ port, count, use }) => `${count > 1 ? `${port}–${port + count - 1}` : port} ${use}`)
      .join(', ') || '–',
    html`<code class="argv">${argv.join(' ')}</code>`,
  ];
}
