import { expect, test } from 'vitest';
import { formatDiagnostic } from '../../../src/config/yaml/diagnostic.ts';
import { parseYaml } from '../../../src/config/yaml/parse.ts';
import type { PlannedConfig } from '../../../src/plan/plan-config.ts';
import { planConfig } from '../../../src/plan/plan-config.ts';

const CONFIG = `name: r1
gpu: h100
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
aggregated: {args: {mem_fraction_static: 0.8, page-size: 16}, env: {A: x, B: y}}
`;

function overlaid(text: string): PlannedConfig {
  return planConfig({
    config: parseYaml('c.yaml', CONFIG),
    topologyNames: [],
    cluster: { name: 'default', files: [] },
    clusterNames: ['default'],
    over: [parseYaml('command line', text)],
  });
}

test('an overlay wins over the config, key by key, and null removes', () => {
  const { job, diagnostics, provenance } = overlaid(
    'slurm: {time: 10m}\naggregated: {args: {page_size: null, mem-fraction-static: 0.9}, env: {B: null, C: z}}\n',
  );
  expect(diagnostics).toEqual([]);
  expect(job?.slurm.time).toBe(600);
  expect(job?.aggregated).toMatchObject({ args: { 'mem-fraction-static': 0.9 }, env: { A: 'x', C: 'z' } });
  expect(Object.keys(job?.aggregated?.args ?? {})).toEqual(['mem-fraction-static']);
  expect(provenance.find(({ path }) => path === 'slurm.time')?.from).toBe('command line');
});

test('it is held to the rules of a config, in the same words', () => {
  const text = `aggregated:\n  args:\n    tp-size: 4\n    mem-fraction-static: hf_${'x'.repeat(30)}\n`;
  const { job, diagnostics } = overlaid(text);
  expect(job).toBeUndefined();
  expect(diagnostics.map((one) => formatDiagnostic(one, text).split('\n')[0])).toEqual([
    'command line:3:5  aggregated.args.tp-size: --tp-size is set by dyn-slurm, to 8 from aggregated.tp',
    'command line:4:26  aggregated.args.mem-fraction-static: looks like a secret; every user of a node can read the arguments of its processes',
  ]);
});

test('an overlay that cannot be read', () => {
  expect(overlaid('aggregated: {args: [').job).toBeUndefined();
});
