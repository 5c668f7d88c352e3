import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseYaml } from '../../src/config/yaml/parse.ts';
import { planConfig } from '../../src/plan/plan-config.ts';
import { renderBundle, TEMPLATES, type TemplateName } from '../../src/render/bundle.ts';
import { planOf } from '../unit/plan/sample-job.ts';

// Plans and renders one job of so many nodes, and prints how long it took and the peak memory of the process.

const [root = '.', nodes = '10'] = process.argv.slice(2);

/** Two tenths of the nodes prefill in pairs, the rest decodes in fours. */
function config(total: number): string {
  const prefill = total / 10;
  const decode = total / 5;
  return `
name: bench
gpu: h100
model: {path: /models/r1}
slurm: {account: a, partition: p, time: 1h}
prefill: {workers: ${prefill}, nodes: ${prefill * 2}, args: {mem-fraction-static: 0.8}}
decode: {workers: ${decode}, nodes: ${decode * 4}, args: {mem-fraction-static: 0.8}}
`;
}

const text = config(Number(nodes));
const templates = Object.fromEntries(
  TEMPLATES.map((name) => [name, readFileSync(join(root, 'templates', name), 'utf8')]),
) as Record<TemplateName, string>;

const { job, diagnostics } = planConfig({
  config: parseYaml('bench.yaml', text),
  topologyNames: [],
  cluster: { name: 'default', files: [] },
  clusterNames: [],
});
if (job === undefined) throw new Error(JSON.stringify(diagnostics));

const start = performance.now();
const bundle = renderBundle(planOf(job), { templates, config: text });
const ms = performance.now() - start;
const bytes = [...bundle.files.values()].reduce((sum, file) => sum + file.text.length, 0);
// The peak of this program alone: getrusage would count the memory of the parent that forked it.
const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
process.stdout.write(JSON.stringify({ ms, mb: peak / 1024, bytes }));
