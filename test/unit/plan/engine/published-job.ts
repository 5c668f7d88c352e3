import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Job } from '../../../../src/config/job.ts';
import { parseYaml } from '../../../../src/config/yaml/parse.ts';
import type { Plan } from '../../../../src/plan/plan.ts';
import { planConfig } from '../../../../src/plan/plan-config.ts';
import { planOf } from '../sample-job.ts';

const root = join(import.meta.dirname, '../../../..');
const folder = join(root, 'configs/topologies');

export const topologyNames = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length))
  .sort();

function topologyText(name: string): string {
  return readFileSync(join(folder, `${name}.yaml`), 'utf8');
}

export interface TopologyHeader {
  readonly title: string;
  readonly precision?: string;
  readonly source: { readonly path: string; readonly commit: string; readonly dynamo: string };
}

export function topologyHeader(name: string): TopologyHeader {
  return parse(topologyText(name));
}

/** The shortest config on a topology, and what becomes of it. */
export function publishedJob(
  name: string,
  { version, model = '/model/', extra = '' }: { version?: string; model?: string; extra?: string } = {},
): { readonly job: Job; readonly plan: Plan; readonly problems: readonly string[] } {
  const { job, diagnostics } = planConfig({
    config: parseYaml(
      'config.yaml',
      `name: published\ntopology: ${name}\nmodel: {path: ${model}}\nslurm: {account: a, partition: p, time: 1h}\n${
        version === undefined ? '' : `dynamo: {version: ${version}}\n`
      }${extra}`,
    ),
    topology: { file: `${name}.yaml`, text: topologyText(name) },
    topologyNames,
    cluster: { name: 'local', files: [] },
    clusterNames: [],
  });
  const problems = diagnostics.map(({ severity, path, message }) => `${severity}: ${path}: ${message}`);
  if (!job) throw new Error(problems.join('\n'));
  return { job, plan: planOf(job), problems };
}
