import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ENGINE_SERIES } from '../../../src/engines/dialects.ts';
import { parseExposition } from '../../../src/observe/service/exposition.ts';
import { isLoadSeries } from '../../../src/observe/service/load.ts';
import { RecordedScrapes } from '../../../src/observe/service/recorded.ts';

const root = join(import.meta.dirname, '../../..');
const script = readFileSync(join(root, 'templates/metrics.sh'), 'utf8');
const PAGES = ['serving.metrics.http', 'serving.worker-metrics.http'].map((name) =>
  readFileSync(join(root, 'test/recorded/dynamo-1.6.1', name), 'utf8').replace(/^.*?\r?\n\r?\n/s, ''),
);

let folder: string;
let servers: Server[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dyn-slurm-metrics-'));
  mkdirSync(join(folder, 'runtime'));
  symlinkSync(join(root, 'templates/lib'), join(folder, 'runtime/lib'));
  servers = [];
});
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What it prints until `enough` says so. Returns once the script, and whatever it had started, is gone. */
async function sampled(targets: readonly string[], enough: (text: string) => boolean): Promise<string> {
  const child = spawn('bash', [join(root, 'templates/metrics.sh'), '1', folder, ...targets], {
    env: { PATH: process.env.PATH, DYN_SLURM_RUN_DIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // Not 'exit': the requests on their way write to `folder` until they end, and hold its output open as long.
  const closed = once(child, 'close');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    if (child.killed) return;
    text += part;
    if (enough(text)) child.kill();
  });
  await closed;
  return text;
}

test('samples what observers read of every target, and leaves out those that do not answer', async () => {
  const [frontend = '', worker = ''] = PAGES;
  const targets = [
    `hangs-0=${await serve(() => {})}`,
    `frontend-0=${await serve((_, response) => response.end(frontend))}`,
    'gone-0=127.0.0.1:1',
    `broken-0=${await serve((_, response) => response.writeHead(503).end('sglang:token_usage 1\n'))}`,
    `decode-0=${await serve((_, response) => response.end(worker))}`,
  ];
  const text = await sampled(
    targets,
    (printed) => (printed.match(/^# scrape \d+ decode-0$/gm) ?? []).length > 1,
  );
  const scrapes = scrapesOf(text);
  const of = (page: string) => parseExposition(page, isLoadSeries);
  expect(scrapes[0]?.targets).toEqual(
    new Map([
      ['frontend-0', of(frontend)],
      ['decode-0', of(worker)],
    ]),
  );
  expect(scrapes[1]?.targets.size).toBe(2);
  expect(of(frontend).length).toBeGreaterThan(40);
  // A look waits a second for the one that hangs, and not for each.
  expect((scrapes[1]?.time ?? 0) - (scrapes[0]?.time ?? 0)).toBeGreaterThanOrEqual(1000);
});

test('prints no more than a few KB for a target', async () => {
  const [frontend = ''] = PAGES;
  const target = `frontend-0=${await serve((_, response) => response.end(frontend))}`;
  const text = await sampled([target], (printed) => printed.includes('\n'));
  expect(Buffer.byteLength(text)).toBeLessThan(8192);
});

test('keeps the series that observers read, of any engine, and no others', () => {
  const pattern = new RegExp(/^KEPT='(.*)'$/m.exec(script)?.[1] ?? '');
  const others = ['vllm:num_preemptions_total', 'vllm:num_requests_waiting_by_reason', 'sglang:utilization'];
  const pages = PAGES.flatMap((page) => parseExposition(page)).map(({ name }) => name);
  const names = [...new Set([...pages, ...ENGINE_SERIES, ...others])];
  expect(names.filter((name) => pattern.test(`${name} 1`))).toEqual(names.filter(isLoadSeries));
  expect(names.filter(isLoadSeries)).toEqual(expect.arrayContaining([...ENGINE_SERIES]));
});

test('pages of one worker, whose nodes serve each, are one', async () => {
  const page = (rank: number) => `vllm:num_requests_running{engine="${rank}"} ${rank + 1}\n`;
  const servers = [0, 1].map((rank) => serve((_, response) => response.end(page(rank))));
  const targets = (await Promise.all(servers)).map((address) => `decode-0=${address}`);
  const text = await sampled(targets, (printed) => (printed.match(/^vllm/gm) ?? []).length > 2);
  expect(scrapesOf(text)[0]?.targets).toEqual(
    new Map([['decode-0', [...parseExposition(page(0)), ...parseExposition(page(1))]]]),
  );
});

test('a server may have its page elsewhere', async () => {
  const asked: string[] = [];
  const address = await serve((request, response) => {
    asked.push(String(request.url));
    response.end(request.url === '/prometheus/metrics' ? 'trtllm_num_requests_running 2\n' : '[]');
  });
  const text = await sampled([`decode-0=${address}/prometheus/metrics`], (printed) =>
    printed.endsWith('2\n'),
  );
  expect(text).toMatch(/^# scrape \d{13} decode-0\ntrtllm_num_requests_running 2\n$/);
  expect(new Set(asked)).toEqual(new Set(['/prometheus/metrics']));
});

test('a signal ends it at once', async () => {
  const target = `decode-0=${await serve((_, response) => response.end('sglang:token_usage 0.5\n'))}`;
  expect(await sampled([target], (text) => text.endsWith('0.5\n'))).toMatch(
    /^# scrape \d{13} decode-0\nsglang:token_usage 0.5\n$/,
  );
});

function scrapesOf(text: string) {
  const reader = new RecordedScrapes();
  return [...reader.push(text), ...reader.end()];
}
