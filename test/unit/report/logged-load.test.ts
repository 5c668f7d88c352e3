import { copyFile, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { localHost } from '../../../src/host/local.ts';
import { behindUtc } from '../../../src/observe/worker-log-lines.ts';
import { page } from '../../../src/report/page.ts';
import { readRunData } from '../../../src/report/read.ts';
import { timelineOf } from '../../../src/report/section/timeline.ts';
import { packageRoot } from '../../world.ts';

const host = localHost({ path: [], env: {} });
const READY = '2025-12-10T13:50:28.000Z';
const EVENTS = [
  { time: '2025-12-10T13:49:50.000Z', kind: 'job-started', job: '7', attempt: 0, nodes: 2 },
  {
    time: '2025-12-10T13:49:55.000Z',
    kind: 'step-started',
    step: 'prefill-0',
    role: 'prefill',
    nodes: ['n0'],
  },
  {
    time: '2025-12-10T13:49:55.000Z',
    kind: 'step-started',
    step: 'decode-0',
    role: 'decode',
    nodes: ['n1', 'n2'],
  },
  { time: READY, kind: 'ready', url: 'http://10.0.0.1:8000', model: 'm', seconds: 38 },
];
const worker = (name: string, dp: number) => ({
  ...{ name, role: name.split('-')[0], nodes: [0], gpus: [0] },
  ...{ tp: 1, pp: 1, dp, ep: 1 },
});
const PLAN = { version: 1, dynamo: '1.6.1', workers: [worker('prefill-0', 1), worker('decode-0', 2)] };

/** Two ranks of one worker on two nodes. */
const DECODE = (rank: number, rate: number) =>
  ['28', '33', '38']
    .map(
      (second) =>
        `[2025-12-10 13:50:${second} DP${rank} TP${rank * 8}] Decode batch, #running-req: 4, #token: 100, token usage: 0.${rank + 1}0, cuda graph: True, gen throughput (token/s): ${rate}.50, #queue-req: ${rank}\n`,
    )
    .join('');

async function run(logs: Readonly<Record<string, string>>, scrapes?: string) {
  const dir = await mkdtemp(join(tmpdir(), 'dyn-slurm-run-'));
  await mkdir(join(dir, 'logs'));
  await writeFile(join(dir, 'plan.json'), JSON.stringify(PLAN));
  await writeFile(join(dir, 'events.jsonl'), EVENTS.map((event) => `${JSON.stringify(event)}\n`).join(''));
  await copyFile(join(packageRoot, 'test/recorded/sglang/0.5.23.log'), join(dir, 'logs/prefill-0.n0.log'));
  for (const [name, text] of Object.entries(logs)) await writeFile(join(dir, 'logs', name), text);
  if (scrapes !== undefined) await writeFile(join(dir, 'logs/metrics.n0.prom'), scrapes);
  return readRunData(host, { id: 'r-000001', name: 'r', dir });
}

const DECODES = { 'decode-0.n1.log': DECODE(0, 100), 'decode-0.n2.log': DECODE(1, 50) };
const AT = (second: number) => Date.UTC(2025, 11, 10, 13, 50, second);
const NONE = [null, null, null];

test('without metrics the load is what the logs of SGLang tell, summed over DP ranks and nodes', async () => {
  const data = await run(DECODES);
  // Of all ranks, computed and cached: 62,208 tokens in ten seconds; then 2,048.
  const INPUT = [6220.8, 6220.8, 204.8];
  const logged = ['input', 'output', 'running', 'queued', 'kvUsage'];
  expect(data.load).toEqual({
    looks: 0,
    total: {
      times: [33, 38, 43].map((second) => AT(second) / 1000),
      columns: [INPUT, [2311, 33_031, 30_954.25], [26, 538, 523], [19, 32, 38], ...[NONE, NONE, NONE, NONE]],
      samples: 1,
    },
    workers: [
      {
        step: 'prefill-0',
        input: INPUT,
        output: [2160, 32_880, 30_803.25],
        requests: NONE,
        running: [18, 530, 515],
        queued: [18, 31, 37],
        kvUsage: [0.21, 0.41, 0.41],
        logged,
      },
      {
        step: 'decode-0',
        input: [0, 0, 0],
        output: [151, 151, 151],
        requests: NONE,
        running: [8, 8, 8],
        queued: [1, 1, 1],
        kvUsage: [0.2, 0.2, 0.2],
        logged,
      },
    ],
  });
  const text = page([data], { script: '', style: '' }, new Date(0));
  expect(text).toContain('What the metrics of 2 of 2 workers do not tell comes from the batch lines');
  expect(text).toContain('its load is known from the workers&#39; logs only');
  expect(text).toMatch(/<t[hd][^>]*>Dynamo<\/t[hd]><td[^>]*>1\.6\.1</);
  expect(text).not.toContain('Latency as clients see it');
});

test('a start is told stage by stage', async () => {
  const { events, starts } = await run(DECODES);
  const spans = timelineOf(events, undefined, [], starts).filter(({ name }) => name.includes(':'));
  expect(spans).toEqual([
    { name: 'prefill-0: weights', start: AT(0), end: AT(21), kind: 'start', text: '5 of 5 shards' },
    { name: 'prefill-0: KV cache', start: AT(21), end: AT(21), kind: 'start', text: '' },
    { name: 'prefill-0: CUDA graphs', start: AT(21), end: AT(27), kind: 'start', text: '4 of 4 batch sizes' },
  ]);
});

test('metrics win where there are both', async () => {
  const scrape = (second: number) => `# scrape ${AT(second)} frontend-0
dynamo_frontend_output_tokens_total{model="m"} ${second * 7}
# scrape ${AT(second)} decode-0
dynamo_component_inflight_requests{dynamo_endpoint="generate"} 3
# scrape ${AT(second)} prefill-0
sglang:num_running_reqs 1
sglang:num_queue_reqs 0
sglang:token_usage 0.5
sglang:gen_throughput 0
sglang:prompt_tokens_total ${second * 100}
`;
  const data = await run(DECODES, [28, 33, 38].map(scrape).join(''));
  expect(data.load?.looks).toBe(3);
  expect(data.load?.total.columns[1]).toEqual([7, 7]);
  expect(data.load?.workers).toEqual([
    {
      step: 'prefill-0',
      ...{ input: [100, 100], output: [0, 0], requests: [null, null] },
      ...{ running: [1, 1], queued: [0, 0], kvUsage: [0.5, 0.5] },
    },
    {
      step: 'decode-0',
      ...{ input: [0, 0], output: [151, 151], requests: [null, null] },
      ...{ running: [3, 3], queued: [1, 1], kvUsage: [0.2, 0.2] },
      logged: ['input', 'output', 'queued', 'kvUsage'],
    },
  ]);
  const text = page([data], { script: '', style: '' }, new Date(0));
  expect(text).toContain('metrics; input, output, queued, KV cache: log');
});

test('logs whose clock is that of a zone are told in UTC', async () => {
  const ahead = (text: string) => text.replaceAll(' 13:50', ' 19:20');
  const { load } = await run(
    Object.fromEntries(Object.entries(DECODES).map(([name, text]) => [name, ahead(text)])),
  );
  expect(load?.workers[1]?.output).toEqual([151, 151, 151]);
  const [from, to] = [AT(0), AT(0) + 900_000];
  expect(
    [0, 120, -480, 330].map((minutes) => behindUtc(AT(30) + minutes * 60_000, from, to) / 60_000),
  ).toEqual([0, -120, 480, -330]);
});

test('a log of megabytes is read in pieces, and a worker without batch lines has no figures', async () => {
  const noise = `${'x'.repeat(120)}\n`.repeat(5000);
  const long = (text: string) => text.split('\n').join(`\n${noise}`);
  const { load } = await run({ ...DECODES, 'decode-0.n1.log': long(DECODE(0, 100)) });
  expect(load?.workers[1]?.output).toEqual([151, 151, 151]);
  const silent = await run({ 'decode-0.n1.log': noise });
  expect(silent.load?.workers.map(({ step }) => step)).toEqual(['prefill-0']);
});
