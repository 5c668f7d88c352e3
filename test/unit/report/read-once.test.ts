import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { localHost } from '../../../src/host/local.ts';
import { readRunData } from '../../../src/report/read.ts';

const PLAN = join(import.meta.dirname, '../../fixtures/runs/plan.json');

test('a report reads what its figures and its benchmark need of a run once', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'dyn-slurm-once-'));
  await mkdir(join(dir, 'logs'));
  await mkdir(join(dir, 'results'));
  const time = '2026-11-29T09:57:40.000Z';
  const events = [
    { time, kind: 'job-started', job: '7', attempt: 0, nodes: 1 },
    { time, kind: 'nodes-bound', nodes: [{ index: 0, host: 'a', address: '10.0.0.1' }] },
    { time, kind: 'step-started', step: 'gpu', nodes: ['a'] },
  ];
  await writeFile(join(dir, 'events.jsonl'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  await writeFile(
    join(dir, 'logs/gpu.a.csv'),
    'timestamp, index, power.draw [W]\n2026/11/29 09:57:41.000, 0, 100.5\n',
  );
  const outline = {
    ...{ version: 1, name: 'bench', type: 'builtin', points: [] },
    service: { model: 'm', dynamo: '1.6.1' },
  };
  await writeFile(join(dir, 'bench.json'), JSON.stringify(outline));
  const plan = JSON.parse(await readFile(PLAN, 'utf8'));
  const [process] = plan.processes;
  plan.processes.push({ ...process, name: 'gpu', kind: 'monitor', argv: ['nvidia-smi'] });
  await writeFile(join(dir, 'plan.json'), JSON.stringify(plan));
  const local = localHost({ path: [], env: {} });
  const reads: string[] = [];
  const host = {
    ...local,
    readText: (path: string) => {
      reads.push(basename(path));
      return local.readText(path);
    },
  };
  const data = await readRunData(host, { id: 'r-000001', name: 'r', dir });
  expect(data.bench).toHaveLength(1);
  expect(data.gpus).toHaveLength(1);
  const counted = reads.filter((name) =>
    ['gpu.a.csv', 'config.yaml', 'plan.json', 'bench.json'].includes(name),
  );
  expect(counted.toSorted()).toEqual(['bench.json', 'config.yaml', 'gpu.a.csv', 'plan.json']);
});
