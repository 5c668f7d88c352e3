import { expect, test } from 'vitest';
import { type ConfigValue, plain } from '../../../src/config/yaml/tree.ts';
import { checkVariant } from '../../../src/import/check/check.ts';
import { importFile } from '../../../src/import/import.ts';

interface Outcome {
  /** Role by role, as the config has it. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
  /** `refused model.path: message`. */
  readonly said: readonly string[];
  readonly outcome: string;
}

/** Imports a recipe, and compares its plan with it. */
function outcome(text: string): Outcome {
  const file = 'recipe.yaml';
  const { variants, findings } = importFile(file, text);
  const [variant] = variants;
  const said = findings.map(({ kind, path, message }) => `${kind} ${path}: ${message}`);
  if (variant === undefined) return { config: undefined, said, outcome: 'none' };
  const config = variant.config && (plain(variant.config as ConfigValue) as Record<string, unknown>);
  return { config, said, outcome: checkVariant(variant, file, text).outcome };
}

const HEAD = 'name: r\nmodel: {path: /m, container: "c:1", precision: fp8}\n';

/** Two roles of vLLM, by schema 1. */
function vllm(backend: string, resources = 'prefill_nodes: 1, decode_nodes: 1'): string {
  return `${HEAD}resources: {gpu_type: h100, gpus_per_node: 8, prefill_workers: 1, decode_workers: 1, ${resources}}
dynamo: {version: 1.4.2}
frontend: {enable_multiple_frontends: false}
backend: {type: vllm, ${backend}}
`;
}

/** Two roles, by schema 2. */
function roles(engine: string, prefill: string, decode: string): string {
  return `${HEAD}schema: 2
resources: {gpu_type: h100, gpus_per_node: 8}
dynamo: {source: {pypi: 1.4.2}}
frontend: {enable_multiple_frontends: false}
engine: ${engine}
roles:
  prefill: ${prefill}
  decode: ${decode}
`;
}

const NIXL = { kv_connector: 'NixlConnector', kv_role: 'kv_both' };
const LMCACHE = { kv_connector: 'LMCacheConnectorV1', kv_role: 'kv_both' };

test('the connector of a vLLM role wins over that of the engine, and is no argument', () => {
  const { config, outcome: result } = outcome(
    vllm(
      'connector: nixl, vllm_config: {prefill: {tensor-parallel-size: 8, connector: lmcache}, decode: {tensor-parallel-size: 8}}',
    ),
  );
  expect(config?.prefill).toEqual({ nodes: 1, tp: 8, args: { 'kv-transfer-config': LMCACHE } });
  expect(config?.decode).toEqual({ nodes: 1, tp: 8, args: { 'kv-transfer-config': NIXL } });
  expect(result).toBe('agrees');
});

test('a connector as JSON of a role is passed as it is', () => {
  const json = '{"kv_connector":"MultiConnector","kv_role":"kv_both"}';
  const { config, outcome: result } = outcome(
    roles(
      'vllm',
      `{nodes: 1, workers: 1, gpus: 8, args: {tensor-parallel-size: 8, connector: '${json}'}}`,
      '{nodes: 1, workers: 1, gpus: 8, args: {tensor-parallel-size: 8}}',
    ),
  );
  expect(config?.prefill).toMatchObject({ args: { 'kv-transfer-config': JSON.parse(json) } });
  expect(result).toBe('agrees');
});

test('an unknown connector of a role is refused at its place', () => {
  const { said } = outcome(
    vllm('vllm_config: {prefill: {connector: moriio}, decode: {tensor-parallel-size: 8}}'),
  );
  expect(said).toContain(
    'refused backend.vllm_config.prefill.connector: "moriio" is not a connector that dyn-slurm knows',
  );
});

const SMALL = 'gpus_per_prefill: 4, gpus_per_decode: 4';
const COLOCATED =
  'vllm_config: {prefill: {tensor-parallel-size: 4}, decode: {tensor-parallel-size: 4}}, allow_prefill_decode_colocation: true';

test('roles of vLLM share a node where their workers fit on one', () => {
  const { config, outcome: result } = outcome(vllm(COLOCATED, `prefill_nodes: 1, decode_nodes: 1, ${SMALL}`));
  expect(config?.prefill).toMatchObject({ gpus_per_worker: 4 });
  expect(config?.prefill).not.toHaveProperty('nodes');
  expect(result).toBe('agrees');
});

test('roles of vLLM that do not fit on one node keep their own, unless several are allowed', () => {
  const sizes = `prefill_nodes: 1, decode_nodes: 2, ${SMALL}`;
  const three = vllm(COLOCATED, sizes).replace('decode_workers: 1', 'decode_workers: 3');
  const apart = outcome(three);
  expect(apart.config?.decode).toMatchObject({ workers: 3, nodes: 2, gpus_per_worker: 4 });
  expect(apart.said).toContain(
    'note backend.allow_prefill_decode_colocation: has no effect: the workers do not fit on one node, and allow_prefill_decode_colocation_across_nodes is not set',
  );
  expect(apart.outcome).toBe('agrees');
  const packed = outcome(
    three.replace(/true\}\n$/, 'true, allow_prefill_decode_colocation_across_nodes: true}\n'),
  );
  expect(packed.config?.decode).toMatchObject({ workers: 3, gpus_per_worker: 4 });
  expect(packed.config?.decode).not.toHaveProperty('nodes');
  expect(packed.outcome).toBe('agrees');
});

test('several nodes alone allow no colocation', () => {
  const { config, said } = outcome(
    vllm(
      COLOCATED.replace('colocation:', 'colocation_across_nodes:'),
      `prefill_nodes: 1, decode_nodes: 1, ${SMALL}`,
    ),
  );
  expect(config?.prefill).toMatchObject({ nodes: 1, gpus_per_worker: 4 });
  expect(said).toContain(
    'note backend.allow_prefill_decode_colocation_across_nodes: has no effect without allow_prefill_decode_colocation',
  );
});

test('a role of schema 2 without workers or nodes has none', () => {
  const whole = '{nodes: 1, workers: 1, gpus: 8}';
  expect(outcome(roles('sglang', '{nodes: 1, gpus: 8}', whole)).said).toContain(
    'refused roles.prefill: the recipe has no prefill workers',
  );
  expect(outcome(roles('sglang', whole, '{workers: 1, gpus: 8}')).said).toContain(
    'refused roles.decode: the recipe gives its decode workers no nodes',
  );
});

test.each([
  ['sglang', 'dcp-size: 8'],
  ['vllm', 'ep-size: 8'],
])('a size that %s does not have stays an argument: %s', (engine, argument) => {
  const args = `{nodes: 1, workers: 1, gpus: 8, args: {tensor-parallel-size: 8, ${argument}}}`;
  const [name = ''] = argument.split(':');
  expect(outcome(roles(engine, args, args)).config?.decode).toMatchObject({ args: { [name]: 8 } });
});

test('sizes and KV events that the mock engine does not have are told', () => {
  const args = '{nodes: 1, workers: 1, gpus: 8, kv_events: true, args: {tp: 8}}';
  const { said, outcome: result } = outcome(roles('mocker', args, args));
  expect(said).toContain('lost roles.prefill.args.tp: the mock engine has no such size');
  expect(said).toContain('lost roles.prefill.kv_events: the mock engine has no setting for KV cache events');
  expect(result).toBe('agrees');
});

test.each([
  [
    'engine: {type: sglang, numa_memory_bind: true}',
    'note engine.numa_memory_bind: is a setting of trtllm, so it has no effect',
  ],
  [
    'engine: {type: trtllm, connector: nixl}',
    'note engine.connector: is a setting of vllm, so it has no effect',
  ],
  ['engine: sglang\nservices: x', 'refused services: must be a list of services, not "x"'],
  [
    'engine: sglang\nbenchmark: {type: sa-bench, isl: 1, osl: 1, concurrencies: 1, dataset_path: /d}',
    'note benchmark.dataset_path: has no effect: without dataset_name, prompts are random',
  ],
  [
    'backend: {type: sglang, decode_environment: {A: "1"}}',
    'note backend.decode_environment.A: belongs to decode workers, which the recipe does not have',
  ],
  [
    'frontend: {type: sgl-router}',
    'refused frontend.type: "sgl-router" is not a frontend that dyn-slurm runs',
  ],
])('nothing goes without a word: %s', (lines, expected) => {
  const text = `${HEAD}resources: {gpu_type: h100, gpus_per_node: 8, agg_nodes: 1, agg_workers: 1}\ndynamo: {version: 1.4.2}\n${lines}\n`;
  expect(outcome(text).said).toContain(expected);
});

test('a variable that is null for all leaves that of the role', () => {
  const text = `${HEAD}resources: {gpu_type: h100, gpus_per_node: 8, agg_nodes: 1, agg_workers: 1}
dynamo: {version: 1.4.2}
environment: {A: null}
backend: {aggregated_environment: {A: "1"}, sglang_config: {aggregated: {tp-size: 8}}}
`;
  const { config, outcome: result } = outcome(text);
  expect(config?.aggregated).toEqual({ nodes: 1, tp: 8, env: { A: '1' } });
  expect(result).toBe('agrees');
});

test('a router mode with an underscore is the same mode', () => {
  const text = `${HEAD}resources: {gpu_type: h100, gpus_per_node: 8, agg_nodes: 1, agg_workers: 1}
dynamo: {version: 1.4.2}
frontend: {args: {router-mode: least_loaded}}
backend: {sglang_config: {aggregated: {tp-size: 8}}}
`;
  const { config, outcome: result } = outcome(text);
  expect(config?.frontend).toEqual({ router_mode: 'least-loaded' });
  expect(result).toBe('agrees');
});

test('a base without an override is one recipe', () => {
  const body = `${HEAD}resources: {gpu_type: h100, gpus_per_node: 8, agg_nodes: 1, agg_workers: 1}
dynamo: {version: 1.4.2}
backend: {type: sglang, sglang_config: {aggregated: {tp-size: 8}}}`;
  const recipe = outcome(`${body}\n`);
  expect(recipe).toMatchObject({ config: { aggregated: { tp: 8 } }, outcome: 'agrees' });
  const alone = outcome(`base:\n${body.replaceAll(/^/gm, '  ')}\n`);
  expect({ config: alone.config, outcome: alone.outcome }).toEqual({
    config: recipe.config,
    outcome: 'agrees',
  });
  expect(alone.said[0]).toBe(
    'note base: has no override beside it, so srt-slurm runs it only if it is selected; this is the base',
  );
});
