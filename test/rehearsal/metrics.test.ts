import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect, test } from 'vitest';
import { parseExposition, type Sample } from '../../src/observe/service/exposition.ts';
import type { ScrapeGroup } from '../../src/observe/service/scrape-targets.ts';
import { freePort } from '../free-port.ts';
import { TokenLoad } from '../token-load.ts';
import { Stage } from './rehearsal.ts';
import { eventOf, submit } from './submitted.ts';

const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => stage.dispose());

async function page(url: string): Promise<readonly Sample[]> {
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  return parseExposition(await answer.text());
}

const gauge = (samples: readonly Sample[], name: string): number | undefined =>
  samples.find((sample) => sample.name === name)?.value;

test('Prometheus sees a run at work, through dyn-slurm and by itself', async () => {
  const run = await submit(stage, 'watched');
  const { url } = await eventOf(run, 'ready');
  const port = await freePort();
  const own = `http://127.0.0.1:${port}/metrics`;
  const watching = stage.start('watch', run.run, '--json', '--prometheus', String(port), '--every', '0.5');
  await watching.line(/"kind":"load"/);
  expect((await fetch(own.replace('/metrics', '/'))).status).toBe(404);

  const load = new TokenLoad(String(url), 'tiny/Model-1', { clients: 4, tokens: 64 });
  let samples = await page(own);
  while ((gauge(samples, 'dyn_slurm_output_tokens_per_second') ?? 0) === 0) {
    await sleep(100);
    samples = await page(own);
  }
  expect((await load.stop()).failures).toEqual([]);
  expect(gauge(samples, 'dyn_slurm_up')).toBe(1);
  expect(
    samples
      .filter(({ name }) => name === 'dyn_slurm_worker_ready')
      .map(({ labels, value }) => [labels.worker, labels.role, value]),
  ).toEqual([
    ['prefill-0', 'prefill', 1],
    ['decode-0', 'decode', 1],
    ['decode-1', 'decode', 1],
  ]);

  const { code, stdout } = await stage.run('export', run.run, '--scrape');
  expect(code).toBe(0);
  const groups: readonly ScrapeGroup[] = JSON.parse(stdout);
  expect(groups.map(({ labels }) => labels)).toEqual([
    { run: run.run, step: 'frontend-0', role: 'frontend' },
    { run: run.run, step: 'prefill-0', role: 'prefill' },
    { run: run.run, step: 'decode-0', role: 'decode' },
    { run: run.run, step: 'decode-1', role: 'decode' },
  ]);
  for (const { targets, labels } of groups) {
    const prefix = labels.role === 'frontend' ? 'dynamo_frontend_' : 'dynamo_component_';
    for (const target of targets) {
      const theirs = await page(`http://${target}/metrics`);
      expect(theirs.some(({ name }) => name.startsWith(prefix))).toBe(true);
    }
  }

  expect((await stage.run('cancel', run.run)).code).toBe(0);
  await watching.ended;
  await expect(fetch(own)).rejects.toThrow();
});
