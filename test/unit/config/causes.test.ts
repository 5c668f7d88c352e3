import { expect, test } from 'vitest';
import { settingLayers, settingsSource } from '../../../src/config/settings.ts';
import { expandVariants } from '../../../src/config/variants.ts';
import { formatDiagnostic } from '../../../src/config/yaml/diagnostic.ts';
import { mergeDiagnostics } from '../../../src/config/yaml/locate.ts';
import { parseYaml } from '../../../src/config/yaml/parse.ts';
import { planConfig } from '../../../src/plan/plan-config.ts';

const BASE = `name: r1
gpu: h100
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
frontend: {count: 4}
prefill: {nodes: 2}
decode: {workers: 2, nodes: 2, tp: 8}
`;

const SEGMENTED = BASE.replace('4h}', '4h, segment: 4}');

interface Given {
  readonly set?: readonly string[];
  readonly unset?: readonly string[];
  readonly topology?: string;
  readonly profile?: string;
  readonly config?: string;
}

/** All that `check` says of a config and its variants. */
function said(more: string, { topology, profile, config = BASE, ...settings }: Given = {}): string {
  const text = config + more;
  const { base, variants } = expandVariants(parseYaml('c.yaml', text));
  const each = (variants.length === 0 ? [{ label: '', layers: [] }] : variants).map(({ label, layers }) => ({
    label,
    ...planConfig({
      config: base,
      over: [...layers, ...settingLayers(settings)],
      ...(topology !== undefined && { topology: { file: 't.yaml', text: topology } }),
      topologyNames: ['wide'],
      cluster: { name: 'site', files: profile === undefined ? [] : [{ file: 'p.yaml', text: profile }] },
      clusterNames: ['site', 'default'],
    }),
  }));
  const texts = new Map([
    ['c.yaml', text],
    ['t.yaml', topology ?? ''],
    ['p.yaml', profile ?? ''],
    ['command line', settingsSource(settings)?.text ?? ''],
  ]);
  const files = [...texts.keys()];
  return mergeDiagnostics(each, files)
    .map((one) => formatDiagnostic(one, texts.get(one.file), { textOf: (file) => texts.get(file) }))
    .join('\n');
}

test('a variant that spoils a key of the file is blamed; one that changes something else is not', () => {
  expect(
    said(
      `variants:
  few: {prefill: {nodes: 1, args: {mem-fraction-static: 0.8}}}
  more: {prefill: {workers: 3, nodes: 6}}
  small: {slurm: {time: 30s}}
`,
      { config: SEGMENTED },
    ),
  ).toMatchInlineSnapshot(`
    "c.yaml:9:26  variants.few.prefill.nodes: conflicts with slurm.segment: 3 nodes cannot be divided into segments of 4
      9 |   few: {prefill: {nodes: 1, args: {mem-fraction-static: 0.8}}}
        |                          ^
      c.yaml:4:54  slurm.segment
      4 | slurm: {account: a, partition: b, time: 4h, segment: 4}
        |                                                      ^
      hint: slurm.segment: use 1, 3
    c.yaml:11:25  variants.small.slurm.time: causes a problem at health.drain: draining 120 s before the time limit of 30 s leaves no time to serve
      11 |   small: {slurm: {time: 30s}}
         |                         ^^^
      hint: increase slurm.time or decrease health.drain"
  `);
});

test('a null that takes a role away', () => {
  expect(
    said('variants:\n  one: {decode: null}\n', { config: BASE.replace('4}', '1}') }),
  ).toMatchInlineSnapshot(`
    "c.yaml:9:17  variants.one.decode: conflicts with prefill: prefill workers cannot serve requests without decode workers
      9 |   one: {decode: null}
        |                 ^^^^
      c.yaml:6:1  prefill
      6 | prefill: {nodes: 2}
        | ^^^^^^^
      hint: prefill: add a "decode" role, or use "aggregated" for workers that do both"
  `);
});

test('a value of a sweep', () => {
  expect(said('sweep:\n  decode.workers: [1, 2, 3]\n  slurm.time: [1h, 2h]\n')).toMatchInlineSnapshot(`
    "c.yaml:9:20  warning: sweep["decode.workers"]: conflicts with decode.tp: tp 8 uses 8 of the 16 GPUs of each decode worker; 8 stay idle
      9 |   decode.workers: [1, 2, 3]
        |                    ^
      c.yaml:7:36  decode.tp
      7 | decode: {workers: 2, nodes: 2, tp: 8}
        |                                    ^
      in 2 variants
    c.yaml:9:26  sweep["decode.workers"]: conflicts with decode.nodes: 2 nodes cannot be divided among 3 workers
      9 |   decode.workers: [1, 2, 3]
        |                          ^
      c.yaml:7:29  decode.nodes
      7 | decode: {workers: 2, nodes: 2, tp: 8}
        |                             ^
      in 2 variants
      hint: decode.nodes: use a multiple of 3, or gpus_per_worker instead of nodes to put several workers on a node"
  `);
});

test('the command line over a variant, and over the file', () => {
  const variants = 'variants: {two: {prefill: {nodes: 3}}}\n';
  expect(said(variants, { set: ['slurm.time=2h', 'decode.workers=3'] })).toMatchInlineSnapshot(`
    "command line:2:22  decode.workers: conflicts with decode.nodes: 2 nodes cannot be divided among 3 workers
      2 | --set decode.workers=3
        |                      ^
      c.yaml:7:29  decode.nodes
      7 | decode: {workers: 2, nodes: 2, tp: 8}
        |                             ^
      hint: decode.nodes: use a multiple of 3, or gpus_per_worker instead of nodes to put several workers on a node"
  `);
  expect(said(variants, { unset: ['prefill.nodes'], set: ['slurm.segment=2'] })).toMatchInlineSnapshot(`
    "command line:2:21  slurm.segment: 3 nodes cannot be divided into segments of 2
      2 | --set slurm.segment=2
        |                     ^
      hint: use 1, 3"
  `);
  expect(said('', { unset: ['decode'], config: BASE.replace('4}', '1}') })).toMatchInlineSnapshot(`
    "command line:1:9  decode: conflicts with prefill: prefill workers cannot serve requests without decode workers
      1 | --unset decode
        |         ^^^^^^
      c.yaml:6:1  prefill
      6 | prefill: {nodes: 2}
        | ^^^^^^^
      hint: prefill: add a "decode" role, or use "aggregated" for workers that do both"
  `);
});

test('a release that an option of the file is too new for', () => {
  const config = BASE.replace('tp: 8', 'args: {enable-dp-attention: true}').replace(
    '{count: 4}',
    '{count: 4, router_mode: least-loaded}',
  );
  expect(said('variants: {old: {dynamo: {version: 1.0.0}}}\n', { config })).toMatchInlineSnapshot(`
    "c.yaml:7:1  warning: decode: SGLang ignores enable-dp-attention while dp is 1
      7 | decode: {workers: 2, nodes: 2, args: {enable-dp-attention: true}}
        | ^^^^^^
      hint: set dp, often to \`gpus\`
    c.yaml:8:36  variants.old.dynamo.version: conflicts with frontend.router_mode: Dynamo 1.0.0 has no router mode least-loaded; it was added in 1.1
      8 | variants: {old: {dynamo: {version: 1.0.0}}}
        |                                    ^^^^^
      c.yaml:5:35  frontend.router_mode
      5 | frontend: {count: 4, router_mode: least-loaded}
        |                                   ^^^^^^^^^^^^
      hint: frontend.router_mode: use round-robin, random, kv, direct"
  `);
});

const TOPOLOGY = `title: t
goal: example
source: {repo: a, path: b, commit: c, dynamo: "1.6.1", date: "2026-11", license: MIT}
gpu: h100
prefill: {nodes: 2}
decode: {workers: 2, nodes: 2}
`;

test('a config over its topology, and a variant over both', () => {
  const config = `name: r1
topology: wide
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
`;
  expect(said('decode: {workers: 3}\n', { config, topology: TOPOLOGY })).toMatchInlineSnapshot(`
    "c.yaml:5:19  decode.workers: conflicts with decode.nodes: 2 nodes cannot be divided among 3 workers
      5 | decode: {workers: 3}
        |                   ^
      t.yaml:6:29  decode.nodes
      6 | decode: {workers: 2, nodes: 2}
        |                             ^
      hint: decode.nodes: use a multiple of 3, or gpus_per_worker instead of nodes to put several workers on a node"
  `);
  expect(
    said('decode: {args: {x-y: 1}}\nvariants: {v: {decode: {workers: 3, args: {x-y: null}}}}\n', {
      config,
      topology: TOPOLOGY,
    }),
  ).toMatchInlineSnapshot(`
    "c.yaml:6:34  variants.v.decode.workers: conflicts with decode.nodes: 2 nodes cannot be divided among 3 workers
      6 | variants: {v: {decode: {workers: 3, args: {x-y: null}}}}
        |                                  ^
      t.yaml:6:29  decode.nodes
      6 | decode: {workers: 2, nodes: 2}
        |                             ^
      hint: decode.nodes: use a multiple of 3, or gpus_per_worker instead of nodes to put several workers on a node"
  `);
});

test('a variant whose GPUs do not fit the nodes of the cluster profile', () => {
  const config = BASE.replace('{workers: 2, nodes: 2, tp: 8}', '{nodes: 2, tp: 8}');
  const given = { config, profile: 'gpus_per_node: 4\n' };
  expect(said('variants: {few: {decode: {nodes: 1}, frontend: {count: 1}}}\n', given)).toMatchInlineSnapshot(`
    "c.yaml:4:1  warning: slurm: 3 nodes of h100 span more than one NVLink domain of 2 nodes, so Slurm may split a worker across two
      4 | slurm: {account: a, partition: b, time: 4h}
        | ^^^^^
      hint: set slurm.segment, so that whole workers share a rack (Slurm 24.05 and later)
    c.yaml:8:34  variants.few.decode.nodes: conflicts with decode.tp: tp is 8, but each decode worker has 4 GPUs
      8 | variants: {few: {decode: {nodes: 1}, frontend: {count: 1}}}
        |                                  ^
      c.yaml:7:24  decode.tp
      7 | decode: {nodes: 2, tp: 8}
        |                        ^
      hint: decode.tp: give each worker more nodes or GPUs, or another size"
  `);
});

test('what the file does not have stands at the key of the variant that asks for it', () => {
  const variants =
    'variants:\n  a: {bench: {type: vllm, isl: 8, concurrencies: [1]}}\n  b: {prefill: null, decode: null}\n';
  expect(said(variants, { config: SEGMENTED })).toMatchInlineSnapshot(`
    "c.yaml:9:7  variants.a.bench.osl: is missing: type vllm needs it to generate load
      9 |   a: {bench: {type: vllm, isl: 8, concurrencies: [1]}}
        |       ^^^^^
    c.yaml:10:16  variants.b.prefill: no role answers requests
      10 |   b: {prefill: null, decode: null}
         |                ^^^^
      hint: name a topology, or add "prefill" and "decode", or "aggregated"
    c.yaml:10:16  variants.b.prefill: conflicts with slurm.segment: 1 node cannot be divided into segments of 4
      10 |   b: {prefill: null, decode: null}
         |                ^^^^
      c.yaml:4:54  slurm.segment
      4 | slurm: {account: a, partition: b, time: 4h, segment: 4}
        |                                                      ^
      hint: slurm.segment: use 1"
  `);
});

test('several keys that another type of benchmark does not have', () => {
  const config = `${BASE}bench: {type: vllm, isl: 8, osl: 8, concurrencies: [1], slo: {ttft: 2s}}\n`;
  expect(
    said('variants: {own: {bench: {type: custom, command: "true"}}}\n', { config }),
  ).toMatchInlineSnapshot(`
    "c.yaml:9:32  variants.own.bench.type: conflicts with bench.slo: has no effect: type custom runs a command, which judges its requests itself
      9 | variants: {own: {bench: {type: custom, command: "true"}}}
        |                                ^^^^^^
      c.yaml:8:57  bench.slo
      8 | bench: {type: vllm, isl: 8, osl: 8, concurrencies: [1], slo: {ttft: 2s}}
        |                                                         ^^^
      hint: bench.slo: remove it"
  `);
});
