import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { planOf } from '../plan/sample-job.ts';
import { resolve } from './report.ts';

const TOPOLOGY = `title: t
goal: example
source: {repo: a, path: b, commit: c, dynamo: "1.6.1", date: "2026-11", license: MIT}
notes: [Mind this.]
expects: {files: [/configs/deepep.json], folders: [/configs/cache]}
gpu: h100
aggregated: {args: {deepep-config: /configs/deepep.json}, env: {SGLANG_DG_CACHE_DIR: /configs/cache/dg}}
`;
const CONFIG = `name: r1
topology: docs-dsr1-wideep-h100
model: {path: /models/r1}
slurm: {account: a, partition: b, time: 4h}
`;
const IMAGE = 'container: {image: /x.sqsh}\n';

const said = (more: string, cluster: readonly string[] = []) =>
  resolve(CONFIG + more, { topology: TOPOLOGY, cluster }).diagnostics.map(
    ({ severity, path, message }) => `${severity} ${path}: ${message}`,
  );

function asked(more: string, cluster: readonly string[] = []) {
  const { job } = resolve(CONFIG + more, { topology: TOPOLOGY, cluster });
  if (!job) throw new Error('no job');
  return planOf(job).preflight.flatMap(({ words }) =>
    /topology|expected/.test(words.join()) ? [words.join(' ')] : [],
  );
}

test('what nothing mounts', () => {
  expect(said(IMAGE)).toEqual([
    'warning topology: docs-dsr1-wideep-h100 expects /configs/deepep.json, /configs/cache, but nothing is mounted there',
  ]);
  expect(asked(IMAGE)).toEqual([]);
});

test.each([
  ['container: {image: /x.sqsh, mounts: ["/lustre/c:/configs:ro"]}\n', [] as string[]],
  [IMAGE, ['mounts: ["/lustre/c:/configs"]\n']],
])('what is mounted is asked for where it lies: %j', (more, cluster) => {
  expect(said(more, cluster)).toEqual([]);
  expect(asked(more, cluster)).toEqual([
    'readable a file of the topology /lustre/c/deepep.json',
    'expected /lustre/c/cache',
  ]);
});

test.each([
  ['/hf_hub_cache', '/hf_hub_cache'],
  ['/configs/cache', '/configs'],
])('%s may be mounted at %s', (path, mount) => {
  const topology = TOPOLOGY.replaceAll('/configs/cache', path).replace('files: [/configs/deepep.json], ', '');
  expect(resolve(CONFIG, { topology }).diagnostics.map(({ hint }) => hint)).toEqual([
    `put it there, set container.image and mount a folder at ${mount}, or override the arguments that name it`,
  ]);
});

test('without a container the nodes are asked', () => {
  expect(said('')).toEqual([
    'warning topology: docs-dsr1-wideep-h100 expects /configs/deepep.json, /configs/cache on every node, because no container is configured into which it could be mounted',
  ]);
  expect(asked('')).toEqual([
    'readable a file of the topology /configs/deepep.json',
    'expected /configs/cache',
  ]);
});

test('what the config overrides is not expected', () => {
  const own = 'aggregated: {args: {deepep-config: null}, env: {SGLANG_DG_CACHE_DIR: null}}\n';
  expect([said(IMAGE + own), asked(IMAGE + own)]).toEqual([[], []]);
});

test('the notes come with the job', () => {
  expect(resolve(CONFIG, { topology: TOPOLOGY }).notes).toEqual(['Mind this.']);
});

test('no topology expects what it does not use', () => {
  const folder = join(import.meta.dirname, '../../../configs/topologies');
  const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  expect(texts.filter((text) => /^expects:/m.test(text))).toHaveLength(23);
  for (const text of texts) {
    const [, body = ''] = text.split(/^gpu: /m);
    const expects = /^expects:\n(?: .*\n)*/m.exec(text)?.[0] ?? '';
    for (const [path] of expects.matchAll(/\/configs\/[\w./-]+/g)) expect(body).toContain(path);
    for (const [path] of body.matchAll(/\/configs\/[\w.-]+/g)) expect(expects).toContain(path);
  }
});
