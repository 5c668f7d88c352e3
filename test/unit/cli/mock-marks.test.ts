import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { loadText } from '../../../src/cli/views/service-text.ts';
import { localHost } from '../../../src/host/local.ts';
import { page } from '../../../src/report/page.ts';
import { readRunData } from '../../../src/report/read.ts';
import { readRun } from '../../../src/run/folder.ts';
import { addRun, packageRoot, type Site, site } from './run-folder.ts';

// A run says in its own record whether its engines were mock; whatever shows a figure of it then says so.

const RESULT = 'test/recorded/bench/aiperf-0.13.0/profile_export_aiperf.json';

/** A run that served, with a result. `mock`: where its record says so, if it does. */
async function measuredRun(id: string, mock?: 'event' | 'cluster'): Promise<Site & { dir: string }> {
  const place = await site();
  const dir = await addMeasured(place.root, id, mock);
  return { ...place, dir };
}

async function addMeasured(root: string, id: string, mock?: 'event' | 'cluster'): Promise<string> {
  const cluster = mock === 'cluster' ? 'local' : 'default';
  const dir = await addRun(root, { id, jobId: '4242', events: 'served', cluster });
  if (mock === 'event') {
    const file = join(dir, 'events.jsonl');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"kind":"ready"', '"kind":"ready","engines":"mock"'));
  }
  const bench = { version: 1, name: 'bench', type: 'custom', points: [], requestRate: 'inf' };
  const service = { model: 'm', dynamo: '1.6.1' };
  await writeFile(
    join(dir, 'bench.json'),
    JSON.stringify({ ...bench, lengthTolerance: 1, maxErrorRate: 1, service }),
  );
  await mkdir(join(dir, 'results/c8'), { recursive: true });
  await copyFile(join(packageRoot, RESULT), join(dir, 'results/c8/profile_export_aiperf.json'));
  return dir;
}

const TEXTS = [
  ['status', 'r1-0a1b2c'],
  ['status'],
  ['bench', 'r1-0a1b2c', '--show'],
  ['compare', 'r1-0a1b2c', 'r2-0a1b2c'],
];
const DATA = [
  ['status', 'r1-0a1b2c', '--json'],
  ['status', '--json'],
  ['bench', 'r1-0a1b2c', '--show', '--json'],
  ['compare', 'r1-0a1b2c', 'r2-0a1b2c', '--json'],
  ['export', 'r1-0a1b2c', '--json'],
];
const MARKED = /\bMOCK\b/;
const MARKED_DATA = /"(mock|before)": ?true/;

describe.each([undefined, 'event', 'cluster'] as const)('engines that are mock by %s', (mock) => {
  test.each(TEXTS)('%s %s', async (...argv) => {
    const { world, root, out, err } = await measuredRun('r1-0a1b2c', mock);
    await addMeasured(root, 'r2-0a1b2c', mock);
    await run(argv.filter(Boolean), '0', world);
    expect(MARKED.test(out() + err()), out() + err()).toBe(mock !== undefined);
  });

  test.each(DATA)('%s %s %s', async (...argv) => {
    const { world, root, out } = await measuredRun('r1-0a1b2c', mock);
    await addMeasured(root, 'r2-0a1b2c', mock);
    await run(argv.filter(Boolean), '0', world);
    expect(MARKED_DATA.test(out()), out()).toBe(mock !== undefined);
  });

  test('export as table and samples', async () => {
    for (const form of ['--csv', '--prometheus']) {
      const { world, out } = await measuredRun('r1-0a1b2c', mock);
      await run(['export', 'r1-0a1b2c', form], '0', world);
      const numbers = out()
        .split('\n')
        .filter((line) => /,bench,|^dyn_slurm/.test(line));
      expect(numbers.length).toBeGreaterThan(10);
      const mark = new RegExp(`(,|mock=")${mock !== undefined}("|$)`);
      expect(numbers.filter((line) => !mark.test(line))).toEqual([]);
    }
  });

  test('report', async () => {
    const { dir } = await measuredRun('r1-0a1b2c', mock);
    await rm(join(dir, 'plan.json'));
    const host = localHost({ path: [], env: process.env });
    const data = await readRunData(host, await readRun(host, dir));
    const text = page([data], { script: '', style: '' }, new Date(0));
    const headings = [...text.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, heading = '']) => heading);
    expect(headings.filter((heading) => MARKED.test(heading))).toEqual(
      mock === undefined ? [] : ['Throughput against speed MOCK', 'Latency by concurrency MOCK'],
    );
    expect(text.includes('Their figures say nothing about GPUs.')).toBe(mock !== undefined);
    expect(/<th scope="row">r1-0a1b2c MOCK</.test(text)).toBe(mock !== undefined);
  });
});

test('a line on the load', () => {
  const load = {
    outputTokensPerSecond: 0,
    inputTokensPerSecond: 0,
    requestsPerSecond: 0,
    failedPerSecond: 0,
  };
  expect(loadText({ ...load, running: 0, queued: 0 }, true)).toBe('load, MOCK: idle');
});
