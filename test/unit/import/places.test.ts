import { expect, test } from 'vitest';
import { plain } from '../../../src/config/yaml/tree.ts';
import { checkVariant } from '../../../src/import/check/check.ts';
import { importFile } from '../../../src/import/import.ts';

interface Given {
  readonly bench?: string;
  readonly infra?: string;
  readonly frontend?: string;
  readonly model?: string;
  readonly backend?: string;
  /** Nodes and workers of decode. */
  readonly decode?: number;
}

interface Outcome {
  readonly bench: unknown;
  readonly infra: unknown;
  readonly frontend: unknown;
  /** That of the comparison, or what is refused. */
  readonly outcome: unknown;
  readonly said: readonly string[];
}

/** What of a recipe with two nodes of workers is carried, what is said, and whether the plan agrees. */
function imported({
  bench = 'type: manual',
  infra = '',
  frontend = 'enable_multiple_frontends: false',
  model = '/m',
  decode = 1,
  backend = 'type: sglang, sglang_config: {prefill: {tp-size: 8}, decode: {tp-size: 8}}',
}: Given): Outcome {
  const text = `name: r
model: {path: ${model}, container: "c:1", precision: fp8}
resources: {gpu_type: h100, gpus_per_node: 8, prefill_nodes: 1, decode_nodes: ${decode}, prefill_workers: 1, decode_workers: ${decode}}
dynamo: {version: 1.4.2}
frontend: {${frontend}}
infra: {${infra}}
backend: {${backend}}
benchmark: {${bench}}
`;
  const { variants, findings } = importFile('recipe.yaml', text);
  const [variant] = variants;
  if (variant === undefined) throw new Error('no variant');
  const config = variant.config && (plain(variant.config) as Record<string, Record<string, unknown>>);
  const verdict = checkVariant(variant, 'recipe.yaml', text);
  return {
    bench: config?.bench?.node,
    infra: config?.infra?.dedicated_node,
    frontend: config?.frontend?.dedicated_nodes,
    outcome:
      verdict.outcome === 'refused'
        ? verdict.diagnostics.map(
            ({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`,
          )
        : verdict,
    said: findings
      .filter(({ kind, path }) => kind !== 'site' && /node|placement|connector/.test(path))
      .map(({ kind, path, message }) => `${kind} ${path}: ${message}`),
  };
}

const CUSTOM = 'type: custom, command: ./load.sh';

const APART = `${CUSTOM}, client_dedicated_node: true`;
const ONE = 'enable_multiple_frontends: false, dedicated_node: true';
const ETCD = 'etcd_nats_dedicated_node: true';
const SHARED =
  'note benchmark.client_dedicated_node: is one node with that of the frontend or of etcd and NATS, as in srt-slurm';
const OWN: Outcome = {
  bench: 'own',
  infra: undefined,
  frontend: undefined,
  outcome: { outcome: 'agrees' },
  said: [],
};
const NONE = { ...OWN, bench: undefined };
const lost = (why: string) => [`lost benchmark.client_dedicated_node: the job gets no node for ${why}`];

test.each<[string, Given, Outcome]>([
  ['a node of its own', { bench: APART }, OWN],
  ['by schema 2', { bench: `${CUSTOM}, placement: {node: dedicated}` }, OWN],
  ['shared with etcd', { bench: APART, infra: ETCD }, { ...NONE, infra: true, said: [SHARED] }],
  [
    'beside that of etcd',
    { bench: `${APART}, colocate_with_frontend: false`, infra: ETCD },
    { ...OWN, infra: true },
  ],
  ['shared with the frontend', { bench: APART, frontend: ONE }, { ...NONE, frontend: true, said: [SHARED] }],
  [
    'three nodes',
    { bench: `${APART}, colocate_with_frontend: false`, frontend: ONE, infra: ETCD },
    { ...OWN, frontend: true, infra: true },
  ],
  [
    'none without a benchmark',
    { bench: 'type: manual, client_dedicated_node: true' },
    { ...NONE, said: lost('a client: the recipe has no benchmark') },
  ],
  [
    'none where the benchmark is not carried over',
    { bench: 'type: mooncake-router, client_dedicated_node: true' },
    { ...NONE, said: lost('it: the benchmark is not carried over') },
  ],
])('the node of a client: %s', (_, given, expected) => {
  expect(imported(given)).toEqual(expected);
});

test('nginx and etcd with a node each', () => {
  const frontend = 'num_additional_frontends: 1, dedicated_node: true';
  const bench = `${CUSTOM}, colocate_with_frontend: false`;
  expect(imported({ bench, frontend, infra: ETCD, decode: 2 })).toEqual({
    ...NONE,
    outcome: ['5:41 frontend.dedicated_node: nginx and etcd cannot have a node of their own each'],
    said: ['refused frontend.dedicated_node: nginx and etcd cannot have a node of their own each'],
  });
});

test('a model path with a variable is refused as its plan is, at its place', () => {
  expect(imported({ model: '$MODELS/r1' })).toMatchInlineSnapshot(`
    {
      "bench": undefined,
      "frontend": undefined,
      "infra": undefined,
      "outcome": [
        "2:15 model.path: the variable in "$MODELS/r1" is not expanded on the nodes",
      ],
      "said": [],
    }
  `);
});

test('a recipe whose vLLM workers have no connector', () => {
  const vllm = (more: string, args = '') =>
    `type: vllm, ${more}vllm_config: {prefill: {tensor-parallel-size: 8${args}}, decode: {tensor-parallel-size: 8${args}}}`;
  expect(imported({ backend: vllm('connector: null, ') })).toMatchInlineSnapshot(`
    {
      "bench": undefined,
      "frontend": undefined,
      "infra": undefined,
      "outcome": {
        "outcome": "agrees",
      },
      "said": [
        "note backend.connector: names no connector, and srt-slurm passes none; dyn-slurm passes NIXL, without which prefill does not start",
      ],
    }
  `);
  const given = `, kv-transfer-config: '{"kv_connector":"LMCacheConnectorV1","kv_role":"kv_both"}'`;
  expect(imported({ backend: vllm('connector: null, ', given) })).toMatchInlineSnapshot(`
    {
      "bench": undefined,
      "frontend": undefined,
      "infra": undefined,
      "outcome": {
        "outcome": "agrees",
      },
      "said": [],
    }
  `);
});
