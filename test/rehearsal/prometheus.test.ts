import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { TokenLoad } from '../token-load.ts';
import { findPrometheus, lint, startPrometheus } from './prometheus.ts';
import { Stage } from './rehearsal.ts';
import { eventOf, submit } from './submitted.ts';

const DOCS = join(import.meta.dirname, '../../docs');

const dir = mkdtempSync(join(tmpdir(), 'dyn-slurm-prometheus-'));
const bin = await findPrometheus(dir);
const stage = new Stage();
afterEach((test) => stage.settle(test));
afterAll(() => {
  stage.dispose();
  rmSync(dir, { recursive: true, force: true });
});

/** The two jobs of docs/metrics.md in one configuration. */
function documented(port: number, file: string): string {
  const text = readFileSync(join(DOCS, 'metrics.md'), 'utf8');
  const blocks = [...text.matchAll(/^```yaml\nscrape_configs:\n(.*?)^```$/gms)].map(([, jobs]) => jobs);
  expect(blocks.length).toBe(2);
  return `global: { scrape_interval: 1s }\nscrape_configs:\n${blocks.join('')}`
    .replace('127.0.0.1:9500', `127.0.0.1:${port}`)
    .replace('scrape_interval: 5s', 'scrape_interval: 1s')
    .replace('/etc/prometheus/dyn-slurm/*.json', file);
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** What the dashboard asks for, for all runs. */
function expressions(): readonly string[] {
  const { panels } = JSON.parse(readFileSync(join(DOCS, 'grafana/dyn-slurm.json'), 'utf8')) as {
    readonly panels: readonly Panel[];
  };
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr.replaceAll('$run', '.*')));
}

test.skipIf(bin === undefined)('a Prometheus set up as documented fills the whole dashboard', async () => {
  const run = await submit(stage, 'watched');
  const { url } = await eventOf(run, 'ready');
  const [page, port] = [await freePort(), await freePort()];
  const watching = stage.start('watch', run.run, '--json', '--prometheus', String(page), '--every', '1');
  await watching.line(/"kind":"load"/);
  const targets = join(dir, 'run.json');
  const scraped = await stage.run('export', run.run, '--scrape', '-o', targets);
  expect(scraped.code).toBe(0);

  const load = new TokenLoad(String(url), 'tiny/Model-1', { clients: 4, tokens: 64 });
  const prometheus = await startPrometheus(bin ?? '', join(dir, 'server'), {
    config: documented(page, targets),
    port,
  });
  try {
    const up = await prometheus.until(
      'up',
      (samples) => samples.length === 5 && samples.every(({ value }) => value === 1),
    );
    expect(up.map(({ labels }) => [labels.job, labels.step, labels.role]).sort()).toEqual(
      [
        ['dynamo', 'decode-0', 'decode'],
        ['dynamo', 'decode-1', 'decode'],
        ['dynamo', 'frontend-0', 'frontend'],
        ['dynamo', 'prefill-0', 'prefill'],
        ['dyn-slurm', undefined, undefined],
      ].sort(),
    );
    await prometheus.until('dyn_slurm_output_tokens_per_second', ([sample]) => (sample?.value ?? 0) > 0);
    const empty = async () => {
      const without: string[] = [];
      for (const expression of expressions()) {
        const samples = await prometheus.query(expression);
        if (samples.length === 0 || samples.some(({ labels }) => labels.run !== run.run))
          without.push(expression);
      }
      return without;
    };
    // Only of SGLang, which a mock engine is not.
    await expect
      .poll(empty)
      .toEqual([
        'dyn_slurm_worker_input_tokens_per_second{run=~".*"}',
        'dyn_slurm_worker_kv_usage_ratio{run=~".*"}',
      ]);
    const text = await (await fetch(`http://127.0.0.1:${page}/metrics`)).text();
    expect(await lint(bin ?? '', text)).toEqual({ code: 0, said: '' });
  } finally {
    await load.stop();
    await prometheus.stop();
    await stage.run('cancel', run.run);
    await watching.ended;
  }
});
