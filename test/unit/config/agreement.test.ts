import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseYaml } from '../../../src/config/yaml/parse.ts';
import { checkAgreement } from '../../../src/engines/sglang/agreement.ts';
import { planConfig } from '../../../src/plan/plan-config.ts';
import { sampleJob } from '../plan/sample-job.ts';
import { report } from './report.ts';

type Sections = Readonly<Record<string, unknown>>;

function said(prefill: Sections, decode: Sections, more: Sections = {}): readonly string[] {
  const job = sampleJob({ prefill: { args: prefill }, decode: { args: decode }, ...more });
  return [...checkAgreement(job)].map(
    ({ severity, path, related, message }) =>
      `${severity} ${path.join('.')} | ${related?.join('.')} | ${message.replace(/; .*/, '')}`,
  );
}

const BACKEND = 'disaggregation-transfer-backend';

test.each<[Sections, Sections, string]>([
  [
    { [BACKEND]: 'nixl' },
    { [BACKEND]: 'mooncake' },
    `error decode.args.${BACKEND} | prefill.args.${BACKEND} | is mooncake, but prefill.args.${BACKEND} is nixl`,
  ],
  [
    { [BACKEND]: 'nixl' },
    {},
    `error prefill.args.${BACKEND} | decode | is nixl, but decode has SGLang's default, mooncake`,
  ],
  [
    {},
    { disaggregation_transfer_backend: 'nixl' },
    `error decode.args.disaggregation_transfer_backend | prefill | is nixl, but prefill has SGLang's default, mooncake`,
  ],
  [
    { 'kv-cache-dtype': 'fp8_e4m3' },
    {},
    "error prefill.args.kv-cache-dtype | decode | is fp8_e4m3, but decode has SGLang's default, auto",
  ],
  [
    { 'page-size': 64 },
    { 'page-size': 16 },
    'error decode.args.page-size | prefill.args.page-size | is 16, but prefill.args.page-size is 64',
  ],
  [
    { 'page-size': 64 },
    { 'attention-backend': 'flashinfer' },
    "error prefill.args.page-size | decode | is 64, but decode has SGLang's default, 1",
  ],
  [
    { 'page-size': 64 },
    { 'attention-backend': 'cutlass_mla' },
    "error prefill.args.page-size | decode | is 64, but decode has SGLang's default, 128",
  ],
  [
    { quantization: 'fp8' },
    { quantization: 'modelopt_fp4' },
    'error decode.args.quantization | prefill.args.quantization | is modelopt_fp4, but prefill.args.quantization is fp8',
  ],
  [
    { quantization: 'fp8' },
    {},
    "warning prefill.args.quantization | decode | is fp8, but decode has SGLang's default, which depends on the model and the GPU",
  ],
  [
    { dtype: 'bfloat16' },
    { dtype: 'float16' },
    'error decode.args.dtype | prefill.args.dtype | is float16, but prefill.args.dtype is bfloat16',
  ],
  [
    { revision: 'abc' },
    {},
    "error prefill.args.revision | decode | is abc, but decode has SGLang's default, that of the folder",
  ],
])('prefill %j and decode %j', (prefill, decode, problem) => {
  expect(said(prefill, decode)).toEqual([problem]);
});

test.each(['h200', 'gb200'])('without a backend the page size depends on the model, on %s', (gpu) => {
  expect(said({ 'page-size': 64 }, {}, { gpu })).toEqual([
    "warning prefill.args.page-size | decode | is 64, but decode has SGLang's default, which depends on the model and the GPU",
  ]);
});

test.each<[Sections, Sections]>([
  [{}, {}],
  [{ [BACKEND]: 'mooncake' }, {}],
  [{ 'page-size': 1 }, { 'attention-backend': 'fa3' }],
  [{ 'page-size': 64 }, { 'page-size': '64' }],
  [{ 'page-size': 64 }, { 'attention-backend': 'trtllm_mla' }],
  [{ 'page-size': 64 }, { 'enable-hisparse': true }],
  [{ 'kv-cache-dtype': 'auto' }, {}],
  [{ 'attention-backend': 'fa3' }, { 'attention-backend': 'flashinfer' }],
  [{ 'mem-fraction-static': 0.8 }, { 'mem-fraction-static': 0.7 }],
])('prefill %j fits decode %j', (prefill, decode) => {
  expect(said(prefill, decode)).toEqual([]);
});

test('words of flags count too', () => {
  const job = sampleJob({ prefill: { flags: ['--page-size', '64'] }, decode: { args: { 'page-size': 64 } } });
  expect([...checkAgreement(job)]).toEqual([]);
});

test('decode workers have as many stages as prefill workers, or one', () => {
  const problems = (prefill: Sections, decode: Sections) =>
    [...checkAgreement(sampleJob({ prefill, decode }))].map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    );
  expect(problems({ pp: 2 }, { pp: 4 })).toEqual([
    'decode.pp: is 4, but prefill.pp is 2: SGLang transfers KV caches only to decode workers with the same number of stages, or with one',
  ]);
  expect(problems({ pp: 2 }, {})).toEqual([]);
  expect(problems({ pp: 2 }, { pp: 2 })).toEqual([]);
});

test('both places are shown', () => {
  const topology = `title: t
goal: example
source: {repo: a, path: b, commit: c, dynamo: "1.6.1", date: "2026-11", license: MIT}
gpu: h100
prefill: {args: {page-size: 64}}
decode: {}
`;
  const config = `name: r1
topology: docs-dsr1-wideep-h100
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
decode: {args: {page-size: 16}}
`;
  expect(
    report(config, { topology }),
  ).toBe(`c.yaml:5:28  decode.args.page-size: is 16, but prefill.args.page-size is 64; decode workers refuse a prefill worker with a different value
  5 | decode: {args: {page-size: 16}}
    |                            ^^
  t.yaml:5:29  prefill.args.page-size
  5 | prefill: {args: {page-size: 64}}
    |                             ^^
  hint: write the same page-size in prefill.args and decode.args`);
});

test('all published topologies pass, but for one that leaves the page size of prefill to its model', () => {
  const folder = join(import.meta.dirname, '../../../configs/topologies');
  const names = readdirSync(folder).map((file) => file.replace('.yaml', ''));
  expect(names.length).toBeGreaterThan(30);
  const found = names.flatMap((name) => {
    const text = `name: x\ntopology: ${name}\nmodel: {path: /m, served_name: m}\nslurm: {account: a, partition: b, time: 4h}\n`;
    const { diagnostics } = planConfig({
      config: parseYaml('c.yaml', text),
      topology: { file: `${name}.yaml`, text: readFileSync(join(folder, `${name}.yaml`), 'utf8') },
      topologyNames: names,
      cluster: { name: 'default', files: [] },
      clusterNames: [],
    });
    return diagnostics
      .filter(({ related }) => related !== undefined)
      .map(({ message }) => `${name}: ${message}`);
  });
  expect(found).toEqual([
    "glm52-h200-2p2d-agentic: is 64, but prefill has SGLang's default, which depends on the model and the GPU; decode workers refuse a prefill worker with a different value",
  ]);
});
