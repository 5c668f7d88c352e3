import { expect, test } from 'vitest';
import { checkModel } from '../../../src/config/rules/model.ts';
import { sampleJob } from '../plan/sample-job.ts';

type Sections = Readonly<Record<string, unknown>>;

function said(path: string, sections: Sections = {}): readonly string[] {
  const job = sampleJob({ aggregated: {}, ...sections, model: { path } });
  return [...checkModel(job, job.cluster)].map(
    ({ severity, path: at, message }) => `${severity} ${at.join('.')}: ${message}`,
  );
}

test.each([
  ['~/models/x', 'the "~" in "~/models/x" is not expanded on the nodes'],
  ['~', 'the "~" in "~" is not expanded on the nodes'],
  ['$HOME/models/x', 'the variable in "$HOME/models/x" is not expanded on the nodes'],
  ['/lustre/${USER}/x', 'the variable in "/lustre/${USER}/x" is not expanded on the nodes'],
  ['./models/x', 'is a relative path, but a job\'s working folder is its run folder: "./models/x"'],
  ['../x', 'is a relative path, but a job\'s working folder is its run folder: "../x"'],
  ['models/qwen/x', 'is a relative path, but a job\'s working folder is its run folder: "models/qwen/x"'],
  ['models/x/', 'is a relative path, but a job\'s working folder is its run folder: "models/x/"'],
])('%s is refused', (path, message) => {
  expect(said(path)).toEqual([`error model.path: ${message}`]);
});

test('a path from the root is taken', () => {
  expect(said('/models/x')).toEqual([]);
});

const HUB = 'Qwen/Qwen3-32B';
const CACHE = { HF_HOME: '/lustre/hf' };
const BOTH = { aggregated: { env: CACHE }, frontend: { env: CACHE } };

test('a name of the hub needs a cache', () => {
  expect(said(HUB)).toEqual([
    'warning model.path: "Qwen/Qwen3-32B" is a Hugging Face model ID, but no HF_HOME says where its files are: each process downloads them when it starts',
  ]);
  expect(said('models/x')).toHaveLength(1);
  expect(said(HUB, { aggregated: { env: CACHE } })).toEqual([
    expect.stringContaining('no HF_HOME of frontend says'),
  ]);
  expect(said(HUB, BOTH)).toEqual([]);
  expect(said(HUB, { ...BOTH, aggregated: { env: { HF_HUB_CACHE: '/x' } } })).toEqual([]);
});

test('offline, it is an error', () => {
  expect(said(HUB, { aggregated: { env: { HF_HUB_OFFLINE: '1' } } })).toEqual([
    'error model.path: "Qwen/Qwen3-32B" is a Hugging Face model ID, but aggregated.env forbids access to the hub, and no HF_HOME says where its files are',
  ]);
  expect(said(HUB, { ...BOTH, aggregated: { env: { ...CACHE, HF_HUB_OFFLINE: true } } })).toEqual([]);
});

test('in a container, the cache has to be mounted', () => {
  const container = (mounts: readonly string[]) => ({ ...BOTH, container: { image: '/x.sqsh', mounts } });
  expect(said(HUB, container([]))).toEqual([
    'error aggregated.env.HF_HOME: "/lustre/hf" is not mounted, so the container starts with an empty cache',
    'error frontend.env.HF_HOME: "/lustre/hf" is not mounted, so the container starts with an empty cache',
  ]);
  expect(said(HUB, container(['/lustre:/lustre']))).toEqual([]);
  expect(said(HUB, container(['/data/hf:/lustre/hf']))).toEqual([]);
});

test('in a container without a cache it is an error, unless the preamble of the site names one', () => {
  const container = { image: '/x.sqsh', mounts: [] };
  const job = sampleJob({ aggregated: {}, container, model: { path: HUB } });
  const severities = (preamble: string) =>
    [...checkModel(job, { ...job.cluster, preamble })].map(({ severity }) => severity);
  expect(severities('')).toEqual(['error']);
  expect(severities('export HF_HOME=/lustre/hf')).toEqual([]);
});
