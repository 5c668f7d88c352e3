import { expect, test } from 'vitest';
import { readCluster } from '../../../src/import/cluster.ts';
import { importFile } from '../../../src/import/import.ts';

const CLUSTER = `default_account: acme
default_partition: batch
default_time_limit: "04:00:00"
default_gpu_type: h200
gpus_per_node: 8
use_segment_sbatch_directive: false
default_sbatch_directives: {qos: high, comment: nightly}
default_health_check: {max_attempts: 60}
model_paths: {small: /lustre/small}
containers: {sglang: /lustre/sglang.sqsh, tool: /lustre/tool.sqsh}
default_mounts: {/lustre: /data}
default_bash_preamble: module load x
default_container: x
`;

const RECIPE = `name: r
model: {path: small, container: sglang, precision: fp8}
resources: {gpus_per_node: 8, agg_nodes: 1, agg_workers: 1}
dynamo: {install: false}
identity: {frameworks: {dynamo: 1.6.1}}
sbatch_directives: {qos: low}
backend: {sglang_config: {aggregated: {tp-size: 8}}}
benchmark: {type: custom, command: run, container_image: tool}
`;

test('a recipe gets what its cluster has for aliases, and for what it does not say itself', () => {
  const { cluster, findings } = readCluster('srtslurm.yaml', CLUSTER);
  expect(findings.map(({ line, path, message }) => `${line} ${path}: ${message}`)).toEqual([
    '5 gpus_per_node: belongs in the cluster profile',
    '12 default_bash_preamble: belongs in the cluster profile',
    '13 default_container: is not a key that this importer knows, and is not carried over',
  ]);
  const { documents } = importFile('recipe.yaml', RECIPE, { cluster });
  expect(documents.map(({ text }) => text)).toEqual([
    `# Imported by dyn-slurm from recipe.yaml
# precision: fp8
# identity.frameworks.dynamo: 1.6.1

name: r
gpu: h200

model:
  path: /lustre/small

container:
  image: /lustre/sglang.sqsh
  mounts: [/lustre:/data]

slurm:
  account: acme
  partition: batch
  time: 4h
  qos: low
  directives:
    comment: nightly

aggregated:
  nodes: 1
  tp: 8

health:
  deadline: 10m

bench:
  type: custom
  command: run
  image: /lustre/tool.sqsh
`,
  ]);
});

test('a file that describes no cluster is refused', () => {
  const { findings } = readCluster('recipe.yaml', RECIPE);
  expect(findings.map(({ kind, message }) => [kind, message])).toContainEqual([
    'refused',
    'is no srtslurm.yaml: it has none of its keys, such as model_paths or default_account',
  ]);
});
