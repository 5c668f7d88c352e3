import { expect, test } from 'vitest';
import { parseYaml } from '../../../src/config/yaml/parse.ts';
import { planConfig } from '../../../src/plan/plan-config.ts';

const config = (engine: string) => `name: small
${engine}gpu: h100
model: {path: /models/m}
slurm: {account: a, partition: p, time: 1h}
aggregated:
  args: {cuda-graph-max-bs: 64, enable-dp-attention: true}
  dp: 8
  env: {SGLANG_DISABLE_TP_MEMORY_INBALANCE_CHECK: "1"}
frontend: {args: {router-reset-states: true}}
`;

/** The engine's words and variables that come from the config, and the frontend's. */
function passed(engine: string) {
  const { plan } = planConfig({
    config: parseYaml('config.yaml', config(engine)),
    topologyNames: [],
    cluster: { name: 'default', files: [] },
    clusterNames: [],
    over: [],
  });
  const worker = plan?.steps.find(({ kind }) => kind === 'worker');
  const frontend = plan?.steps.find(({ kind }) => kind === 'frontend');
  return {
    words: worker?.argv.filter((word) => /graph|attention|attn/.test(String(word))),
    variables: Object.keys(worker?.env ?? {}).filter((name) => name.includes('INBALANCE')),
    frontend: frontend?.argv.filter((word) => String(word).includes('reset')),
  };
}

test('arguments and variables get the names of the releases', () => {
  expect(passed('engine: {version: 0.5.22}\n')).toEqual({
    words: ['--attn-dp-size', '--cuda-graph-max-bs-decode'],
    variables: ['SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK'],
    frontend: [],
  });
});

test('they are passed as written where the config says so', () => {
  expect(passed('engine: {version: 0.5.22, rename: false}\n')).toEqual({
    words: ['--cuda-graph-max-bs', '--enable-dp-attention'],
    variables: ['SGLANG_DISABLE_TP_MEMORY_INBALANCE_CHECK'],
    frontend: ['--router-reset-states'],
  });
});
