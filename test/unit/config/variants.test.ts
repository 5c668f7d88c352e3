import { expect, test } from 'vitest';
import { expandVariants } from '../../../src/config/variants.ts';
import { formatDiagnostic } from '../../../src/config/yaml/diagnostic.ts';
import { mergeDiagnostics } from '../../../src/config/yaml/locate.ts';
import { parseYaml } from '../../../src/config/yaml/parse.ts';
import { type PlannedConfig, planConfig } from '../../../src/plan/plan-config.ts';

const BASE = `name: r1
gpu: h100
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
prefill: {nodes: 2, args: {mem_fraction_static: 0.80, deepep-config: /c.json}}
decode: {workers: 2, nodes: 2}
`;

interface Expanded {
  readonly jobs: readonly (PlannedConfig & { readonly label: string; readonly changes: readonly string[] })[];
  /** All that `check` would say. */
  readonly said: string;
}

function expand(more: string, base = BASE): Expanded {
  const text = base + more;
  const { base: file, variants, diagnostics } = expandVariants(parseYaml('c.yaml', text));
  const jobs = variants.map(({ label, layers, changes }) => ({
    ...planConfig({
      config: file,
      over: layers,
      topologyNames: [],
      cluster: { name: 'default', files: [] },
      clusterNames: ['default'],
    }),
    label,
    changes,
  }));
  const all = [...diagnostics, ...mergeDiagnostics(jobs, ['c.yaml'])];
  return { jobs, said: all.map((one) => formatDiagnostic(one, text, { textOf: () => text })).join('\n') };
}

const labels = (more: string, base?: string) =>
  expand(more, base).jobs.map(({ label, job }) => [label, job?.name]);

test('each variant is merged over the file, and names its job after both', () => {
  const { jobs, said } = expand(`variants:
  mtp: {prefill: {args: {mem-fraction-static: 0.75, deepep_config: null}}, decode: {nodes: 4}}
  named: {name: other}
  same:
  repeated: {prefill: {nodes: 2}, decode: {nodes: 2, workers: 1}}
`);
  expect(said).toBe('');
  expect(
    jobs.map(({ label, job, changes }) => [
      label,
      job?.name,
      job?.prefill?.args,
      job?.decode?.nodes,
      changes,
    ]),
  ).toEqual([
    [
      'mtp',
      'r1-mtp',
      { 'mem-fraction-static': 0.75 },
      4,
      ['prefill.args.mem-fraction-static=0.75', 'prefill.args.deepep_config=null', 'decode.nodes=4'],
    ],
    ['named', 'other', { 'mem-fraction-static': '0.80', 'deepep-config': '/c.json' }, 2, ['name=other']],
    ['same', 'r1-same', { 'mem-fraction-static': '0.80', 'deepep-config': '/c.json' }, 2, []],
    [
      'repeated',
      'r1-repeated',
      { 'mem-fraction-static': '0.80', 'deepep-config': '/c.json' },
      2,
      ['decode.workers=1'],
    ],
  ]);
});

test('the text of a variant is a config that gives the same job', () => {
  const { jobs } = expand(
    'variants: {mtp: {prefill: {args: {deepep_config: null, x: 1.10}}, topology: {health: {stall: 5m}}}}\n',
    `${BASE}topology: {health: {stall: 9m, deadline: 1h}, prefill: {args: {deepep-config: /t.json}}}\n`,
  );
  const [first] = jobs;
  const text = first?.flatText?.() ?? '';
  const again = planConfig({
    config: parseYaml('c.yaml', text),
    topologyNames: [],
    cluster: { name: 'default', files: [] },
    clusterNames: ['default'],
  });
  expect(again.job).toEqual(first?.job);
  expect(text).toMatchInlineSnapshot(`
    "name: r1-mtp
    gpu: h100

    model:
      path: /models/r1

    slurm:
      account: a
      partition: b
      time: 4h

    prefill:
      nodes: 2
      args:
        mem-fraction-static: "0.80"
        x: "1.10"
        deepep-config: null

    decode:
      workers: 2
      nodes: 2

    topology:
      health:
        stall: 5m
        deadline: 1h
      prefill:
        args:
          deepep-config: /t.json
    "
  `);
});

test('what is wrong with a variant is shown in its lines; what only some have, with their names; and all once', () => {
  expect(
    expand(`health: {stal: 5m}
variants:
  one: {decode: {workers: 3}}
  two: {decode: {workers: 3, args: {tp-size: 4}}}
  three: {decod: {workers: 1}}
  four: {decode: {nodes: x}, slurm: {time: null}}
  five: {}
`).said,
  ).toMatchInlineSnapshot(`
    "c.yaml:7:10  health.stal: unknown key; did you mean "stall"?
      7 | health: {stal: 5m}
        |          ^^^^
    c.yaml:9:27  variants.one.decode.workers: conflicts with decode.nodes: 2 nodes cannot be divided among 3 workers
      9 |   one: {decode: {workers: 3}}
        |                           ^
      c.yaml:6:29  decode.nodes
      6 | decode: {workers: 2, nodes: 2}
        |                             ^
      hint: decode.nodes: use a multiple of 3, or gpus_per_worker instead of nodes to put several workers on a node
    c.yaml:10:27  variants.two.decode.workers: conflicts with decode.nodes: 2 nodes cannot be divided among 3 workers
      10 |   two: {decode: {workers: 3, args: {tp-size: 4}}}
         |                           ^
      c.yaml:6:29  decode.nodes
      6 | decode: {workers: 2, nodes: 2}
        |                             ^
      hint: decode.nodes: use a multiple of 3, or gpus_per_worker instead of nodes to put several workers on a node
    c.yaml:10:37  variants.two.decode.args.tp-size: --tp-size is set by dyn-slurm, to 5 from decode.tp
      10 |   two: {decode: {workers: 3, args: {tp-size: 4}}}
         |                                     ^^^^^^^
      hint: remove it here, and set decode.tp instead
    c.yaml:11:11  variants.three.decod: unknown key; did you mean "decode"?
      11 |   three: {decod: {workers: 1}}
         |           ^^^^^
    c.yaml:12:26  variants.four.decode.nodes: must be a whole number, not "x"
      12 |   four: {decode: {nodes: x}, slurm: {time: null}}
         |                          ^
    c.yaml:12:38  variants.four.slurm.time: is empty; give it a value
      12 |   four: {decode: {nodes: x}, slurm: {time: null}}
         |                                      ^^^^
      hint: Time limit of the job (\`--time\`): 90m, 4h, 1h30m, 2d or Slurm's 1-12:00:00. Required."
  `);
});

test('what is wrong with the variants themselves', () => {
  expect(
    expand(`variants:
  base: {}
  all: {}
  "a b": {}
  list: [1]
  inner: {sweep: {a: [1]}, variants: {}, cluster: hopper}
  ${'long'.repeat(16)}: {}
`).said,
  ).toMatchInlineSnapshot(`
    "c.yaml:8:3  variants.base: "base" selects the file's own keys; give this variant another name
      8 |   base: {}
        |   ^^^^
    c.yaml:9:3  variants.all: "all" selects all variants; give this one another name
      9 |   all: {}
        |   ^^^
    c.yaml:10:3  variants["a b"]: a variant is named with letters, digits, dots, dashes and underscores
      10 |   "a b": {}
         |   ^^^^^
    c.yaml:11:3  variants.list: must be a map of keys of a config, not a list
      11 |   list: [1]
         |   ^^^^
    c.yaml:12:28  variants.inner.variants: belongs at the top level of the file, and holds for all variants
      12 |   inner: {sweep: {a: [1]}, variants: {}, cluster: hopper}
         |                            ^^^^^^^^
    c.yaml:12:11  variants.inner.sweep: belongs at the top level of the file, and holds for all variants
      12 |   inner: {sweep: {a: [1]}, variants: {}, cluster: hopper}
         |           ^^^^^
    c.yaml:12:42  variants.inner.cluster: belongs at the top level of the file, and holds for all variants
      12 |   inner: {sweep: {a: [1]}, variants: {}, cluster: hopper}
         |                                          ^^^^^^^
    c.yaml:13:3  variants.longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglong: its job would be named "r1-longlonglonglonglonglonglonglonglonglonglong…", with 67 characters; the limit is 64
      13 |   longlonglonglonglonglonglonglonglonglonglonglonglonglonglonglong: {}
         |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      hint: choose a shorter name here, or at the top of the file"
  `);
  expect(expand('variants: [a]\n').said).toMatchInlineSnapshot(`
    "c.yaml:7:1  variants: must be a map of names to keys of a config, not a list
      7 | variants: [a]
        | ^^^^^^^^"
  `);
});

test('a grid of swept keys, in the order of the file', () => {
  const { jobs, said } = expand(
    'sweep:\n  decode.workers: [1, 2]\n  prefill.args.max-running-requests: [64, null]\n',
  );
  expect(said).toBe('');
  expect(jobs.map(({ label, job }) => [label, job?.name, job?.decode?.workers, job?.prefill?.args])).toEqual([
    [
      'workers1-mrr64',
      'r1-workers1-mrr64',
      1,
      { 'mem-fraction-static': '0.80', 'deepep-config': '/c.json', 'max-running-requests': 64 },
    ],
    [
      'workers1-mrrnone',
      'r1-workers1-mrrnone',
      1,
      { 'mem-fraction-static': '0.80', 'deepep-config': '/c.json' },
    ],
    [
      'workers2-mrr64',
      'r1-workers2-mrr64',
      2,
      { 'mem-fraction-static': '0.80', 'deepep-config': '/c.json', 'max-running-requests': 64 },
    ],
    [
      'workers2-mrrnone',
      'r1-workers2-mrrnone',
      2,
      { 'mem-fraction-static': '0.80', 'deepep-config': '/c.json' },
    ],
  ]);
});

test('zip, list and grid together, over variants', () => {
  expect(
    labels(`variants: {a: {}, b: {name: other}}
sweep:
  zip: {prefill.nodes: [2, 4], decode.nodes: [2, 4]}
  list: [{health.stall: 5m}, {health.stall: 9m, frontend.args: {x-y: 1}}]
`),
  ).toEqual([
    ['a-prefillnodes2-decodenodes2-stall5m', 'r1-a-prefillnodes2-decodenodes2-stall5m'],
    ['a-prefillnodes2-decodenodes2-stall9m-argsv2', 'r1-a-prefillnodes2-decodenodes2-stall9m-argsv2'],
    ['a-prefillnodes4-decodenodes4-stall5m', 'r1-a-prefillnodes4-decodenodes4-stall5m'],
    ['a-prefillnodes4-decodenodes4-stall9m-argsv2', 'r1-a-prefillnodes4-decodenodes4-stall9m-argsv2'],
    ['b-prefillnodes2-decodenodes2-stall5m', 'other-prefillnodes2-decodenodes2-stall5m'],
    ['b-prefillnodes2-decodenodes2-stall9m-argsv2', 'other-prefillnodes2-decodenodes2-stall9m-argsv2'],
    ['b-prefillnodes4-decodenodes4-stall5m', 'other-prefillnodes4-decodenodes4-stall5m'],
    ['b-prefillnodes4-decodenodes4-stall9m-argsv2', 'other-prefillnodes4-decodenodes4-stall9m-argsv2'],
  ]);
});

test.each([
  [
    'lists, texts, numbers below zero',
    '{bench.concurrencies: [[1, 2], [4, 8, 16]], decode.args.random-seed: [-1, 0.50]}',
    [
      'concurrencies1x2-rsm1',
      'concurrencies1x2-rs0.50',
      'concurrencies4x8x16-rsm1',
      'concurrencies4x8x16-rs0.50',
    ],
  ],
  [
    'a path is its last part',
    '{model.path: [/models/DeepSeek-R1, /models/V3]}',
    ['pathDeepSeekR1', 'pathV3'],
  ],
  [
    'what is too long is its place in the list',
    '{decode.args.speculative-config: [\'{"method": "deepseek_mtp"}\', "short"]}',
    ['scv1', 'scshort'],
  ],
  ['the same twice is numbered', '{decode.dp: [1, 1]}', ['dp1', 'dp1-2']],
  ['names of the points themselves', '{list: [{name: x, decode.workers: 1}]}', ['namex-workers1']],
  [
    'too many keys for a name',
    `{${'abcdefghij'
      .split('')
      .map((key) => `decode.args.${key.repeat(8)}: [1, 2]`)
      .slice(0, 7)
      .join(', ')}}`,
    Array.from({ length: 128 }, (_, index) => `p${String(index + 1).padStart(3, '0')}`),
  ],
])('suffixes: %s', (_, sweep, expected) => {
  expect(expand(`sweep: ${sweep}\n`).jobs.map(({ label }) => label)).toEqual(expected);
});

test('what is wrong with a sweep', () => {
  expect(
    expand(`sweep:
  decode.workers: 2
  prefill.tp: []
  a..b: [1]
  variants.x: [1]
  zip: {prefill.nodes: [2, 4], decode.nodes: [2]}
  list: [1, {decode.nodes: 1}]
  health.stall: [5m, 9]
  helth.deadline: [1h]
`).said,
  ).toMatchInlineSnapshot(`
    "c.yaml:8:19  sweep["decode.workers"]: must be a list
      8 |   decode.workers: 2
        |                   ^
      hint: write the values to try as a list: [64, 128]
    c.yaml:9:3  sweep["prefill.tp"]: is an empty list
      9 |   prefill.tp: []
        |   ^^^^^^^^^^
      hint: write the values to try as a list: [64, 128]
    c.yaml:10:3  sweep["a..b"]: is not the path of a key
      10 |   a..b: [1]
         |   ^^^^
      hint: write keys with dots between them, as slurm.time or decode.args.tp-size; a key with a dot as ["A.B"]
    c.yaml:11:3  sweep["variants.x"]: cannot be swept: it holds for the whole file
      11 |   variants.x: [1]
         |   ^^^^^^^^^^
    c.yaml:12:32  sweep.zip["decode.nodes"]: has 1 value, but prefill.nodes has 2; zip takes one of each at a time
      12 |   zip: {prefill.nodes: [2, 4], decode.nodes: [2]}
         |                                ^^^^^^^^^^^^
      c.yaml:12:9  sweep.zip["prefill.nodes"]
      12 |   zip: {prefill.nodes: [2, 4], decode.nodes: [2]}
         |         ^^^^^^^^^^^^^
    c.yaml:13:10  sweep.list[0]: must be a map of keys to values: {decode.workers: 2}
      13 |   list: [1, {decode.nodes: 1}]
         |          ^
    c.yaml:13:28  sweep.list[1]["decode.nodes"]: 1 node cannot be divided among 2 workers
      13 |   list: [1, {decode.nodes: 1}]
         |                            ^
      hint: use a multiple of 2, or gpus_per_worker instead of nodes to put several workers on a node
    c.yaml:14:22  sweep["health.stall"]: 9 has no unit
      14 |   health.stall: [5m, 9]
         |                      ^
      in variant nodes1-stall9-deadline1h
      hint: write 9s, 9m or 9h
    c.yaml:15:3  sweep["helth.deadline"]: unknown key; did you mean "health"?
      15 |   helth.deadline: [1h]
         |   ^^^^^"
  `);
  expect(expand('sweep: {decode.nodes: [2, 4], zip: {decode.nodes: [2]}}\n').said).toMatchInlineSnapshot(`
    "c.yaml:7:37  sweep.zip["decode.nodes"]: is swept already
      7 | sweep: {decode.nodes: [2, 4], zip: {decode.nodes: [2]}}
        |                                     ^^^^^^^^^^^^
      c.yaml:7:9  sweep["decode.nodes"]
      7 | sweep: {decode.nodes: [2, 4], zip: {decode.nodes: [2]}}
        |         ^^^^^^^^^^^^"
  `);
  const many = (count: number) => `[${Array.from({ length: count }, (_, index) => index).join(', ')}]`;
  expect(
    expand(`variants: {a: {}, b: {}}\nsweep: {decode.args.a: ${many(501)}}\n`).said,
  ).toMatchInlineSnapshot(`
    "c.yaml:8:1  sweep: 2 variants with 501 points each are 1002 jobs; a file stands for at most 1000
      8 | sweep: {decode.args.a: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20…
        | ^^^^^
    c.yaml:8:21  warning: sweep["decode.args.a"]: --a is ambiguous: it may mean --active-decode-blocks-threshold or --active-prefill-tokens-threshold or --active-prefill-tokens-threshold-frac
      8 | sweep: {decode.args.a: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20…
        |                     ^
      hint: write the name in full"
  `);
  expect(
    expand(`sweep: {decode.args.a: ${many(101)}, decode.args.b: ${many(101)}}\n`).said,
  ).toMatchInlineSnapshot(`
    "c.yaml:7:1  sweep: has 10201 points; a file stands for at most 1000 jobs
      7 | sweep: {decode.args.a: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20…
        | ^^^^^"
  `);
});
