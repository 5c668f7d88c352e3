import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { localHost } from '../../../../src/host/local.ts';
import type { HostPort, ServiceEndpoints } from '../../../../src/observe/service/endpoints.ts';
import { observeService } from '../../../../src/observe/service/service.ts';
import type { ServiceEvent } from '../../../../src/run/service-event.ts';

const folder = mkdtempSync(join(tmpdir(), 'dyn-slurm-service-'));
afterAll(() => rmSync(folder, { recursive: true }));
const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(answer: RequestListener): Promise<HostPort> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

/** A port where nobody listens. */
const NOWHERE: HostPort = { address: '127.0.0.1', port: 9 };

const endpoints = (frontend: HostPort, system: HostPort): ServiceEndpoints => ({
  frontends: [{ step: 'frontend-0', ...frontend }],
  workers: [{ step: 'decode-0', role: 'decode', system, registers: ['127.0.0.1:7777'] }],
  readiness: { model: 'm', endpoints: [], readyRoute: true },
});

/** The events until one fits. */
async function eventsUntil(
  where: ServiceEndpoints,
  enough: (event: ServiceEvent) => boolean,
  attemptDir = folder,
): Promise<readonly ServiceEvent[]> {
  const stop = new AbortController();
  const watch = {
    host: localHost({ path: [], env: {} }),
    attemptDir,
    endpoints: where,
    now: () => new Date(),
    every: 20,
  };
  const seen: ServiceEvent[] = [];
  for await (const event of observeService(watch, stop.signal)) {
    seen.push(event);
    if (enough(event)) stop.abort();
  }
  return seen;
}

test('rates come from the second look on, and health when it changes', async () => {
  let tokens = 100;
  const frontend = await serve(({ url }, response) => {
    tokens += url === '/metrics' ? 50 : 0;
    if (url === '/metrics') response.end(`dynamo_frontend_output_tokens_total{model="m"} ${tokens}\n`);
    else if (url === '/health') response.end('{"status":"healthy","instances":[{"endpoint":"generate"}]}');
    else response.writeHead(404).end();
  });
  const asked = new Set<string | undefined>();
  const worker = await serve(({ url }, response) => {
    asked.add(url);
    response.end(
      'sglang:num_running_reqs 4\ndynamo_component_uptime_seconds{dynamo_endpoint="generate"} 3\n',
    );
  });
  const events = await eventsUntil(endpoints(frontend, worker), ({ kind }) => kind === 'load');
  expect(events.map(({ time: _, ...event }) => event)).toEqual([
    { kind: 'source', source: 'frontends', state: 'up', via: 'direct', reason: '' },
    { kind: 'source', source: 'workers', state: 'up', via: 'direct', reason: '' },
    {
      kind: 'health',
      frontends: [{ step: 'frontend-0', state: 'healthy', instances: 1 }],
      workers: [{ step: 'decode-0', state: 'ready' }],
    },
    expect.objectContaining({
      kind: 'load',
      via: 'direct',
      totals: { requests: 0, failed: 0, inputTokens: 0, outputTokens: 200 },
      workers: { 'decode-0': { running: 4 } },
    }),
  ]);
  const load = events.at(-1);
  if (load?.kind !== 'load') throw new Error('no load');
  expect(load.outputTokensPerSecond * load.seconds).toBeCloseTo(50);
  // Each question for its /health before it serves would be an error in its log.
  expect([...asked]).toEqual(['/metrics']);
});

test('a worker is not ready before its metrics have an endpoint', async () => {
  const frontend = await serve((_, response) => response.end(''));
  const worker = await serve((_, response) => response.end('dynamo_component_uptime_seconds 3\n'));
  const events = await eventsUntil(
    endpoints(frontend, worker),
    (event) => event.kind === 'health' && event.workers.length > 0,
  );
  expect(events.at(-1)).toMatchObject({ workers: [{ step: 'decode-0', state: 'notready' }] });
});

test('a frontend that misses a few looks is waited for, and nothing is counted twice or lost', async () => {
  let tokens = 0;
  let asked = 0;
  const frontend = await serve(({ url }, response) => {
    if (url !== '/metrics') return response.end('{}');
    asked += 1;
    if (asked === 3) return response.writeHead(500).end();
    tokens += 10;
    return response.end(`dynamo_frontend_output_tokens_total{model="m"} ${tokens}\n`);
  });
  const events = await eventsUntil(
    endpoints(frontend, await serve((_, response) => response.end(''))),
    ({ kind }) => kind === 'load' && asked >= 60,
    recordedAttempt(),
  );
  const loads = events.flatMap((event) => (event.kind === 'load' ? [event] : []));
  expect(loads.map(({ via }) => via)).toEqual(loads.map(() => 'direct'));
  const told = loads.reduce((sum, each) => sum + each.outputTokensPerSecond * each.seconds, 0);
  expect(told).toBeCloseTo((loads.at(-1)?.totals.outputTokens ?? 0) - 10);
});

test('a worker that does not answer is silent, where others do', async () => {
  const frontend = await serve((_, response) => response.end(''));
  const events = await eventsUntil(
    endpoints(frontend, NOWHERE),
    (event) => event.kind === 'health' && event.workers.length > 0,
  );
  expect(events.at(-1)).toMatchObject({ workers: [{ step: 'decode-0', state: 'silent' }] });
});

function recordedAttempt(): string {
  const attempt = join(folder, 'attempts/1');
  mkdirSync(join(attempt, 'logs'), { recursive: true });
  const look = (second: number) =>
    [
      `# scrape ${second * 1000} frontend-0`,
      `dynamo_frontend_output_tokens_total{model="m"} ${second * 70}`,
      `# scrape ${second * 1000} decode-0`,
      'sglang:num_running_reqs 4',
      '',
    ].join('\n');
  // The last look may be in the middle of its writing.
  writeFileSync(join(attempt, 'logs/metrics.node0.prom'), [10, 20, 30, 40].map(look).join(''));
  return attempt;
}

test('out of reach, what the job records stands in', async () => {
  const events = await eventsUntil(
    endpoints(NOWHERE, NOWHERE),
    ({ kind }) => kind === 'load',
    recordedAttempt(),
  );
  const sources = events.flatMap((event) => (event.kind === 'source' ? [event] : []));
  expect(sources.map(({ source, state, via }) => `${source} ${state} ${via}`)).toEqual([
    'frontends missing direct',
    'frontends up recorded',
    'workers up recorded',
  ]);
  expect(sources[0]?.reason).toContain('ECONNREFUSED');
  expect(events.find(({ kind }) => kind === 'health')).toMatchObject({ workers: [] });
  expect(events.at(-1)).toMatchObject({
    via: 'recorded',
    seconds: 10,
    outputTokensPerSecond: 70,
    workers: { 'decode-0': { running: 4 } },
  });
});
