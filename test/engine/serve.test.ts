import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BatchLine } from '../../src/engines/dialect.ts';
import { LogScanner } from '../../src/observe/log-scanner.ts';
import { ThroughputWindow } from '../../src/observe/throughput.ts';
import { processesOf } from '../rehearsal/rehearsal.ts';
import { eventOf } from '../rehearsal/submitted.ts';
import { TokenLoad } from '../token-load.ts';
import { EngineStage, type Service } from './service.ts';

const engine = new EngineStage();
let service: Service;
beforeAll(async () => {
  service = await engine.serve('cpu');
});
afterAll(() => engine.dispose());

const WORKERS = ['aggregated-0', 'aggregated-1'];

function logOf(worker: string): string {
  const folder = join(service.dir, 'logs');
  const names = readdirSync(folder).filter((name) => name.startsWith(`${worker}.`) && name.endsWith('.log'));
  return names.map((name) => readFileSync(join(folder, name), 'utf8')).join('');
}

test('two workers with a real engine get ready, and stream a chat', () => {
  const { events } = service;
  expect(events.findLast(({ kind }) => kind === 'workers-registered')).toMatchObject({ have: 2, want: 2 });
  expect(events.find(({ kind }) => kind === 'ready')).toMatchObject({ model: 'tiny' });
  expect(events.find(({ kind }) => kind === 'chat')).toMatchObject({
    tokens: 48,
    text: expect.stringMatching(/\S/),
  });
  for (const worker of WORKERS) {
    expect(logOf(worker)).toMatch(
      /^cpu: dynamo\.sglang runs on SGLang's CPU engine: 1 argument ignored: --mem-fraction-static$/m,
    );
    expect(logOf(worker)).toMatch(/server_args=.*'device': 'cpu'/);
  }
});

test('a prompt that comes again goes to the worker that has it in its cache', async () => {
  // Nothing but the template is common to them: what is would draw all to the worker that had the first.
  const prompt = (index: number) =>
    Array.from({ length: 40 }, (_, word) => `${index * 1000 + word}`).join(' ');
  const prompts = Array.from({ length: 8 }, (_, index) => prompt(index + 1));
  // All at once, so that both workers get some.
  await Promise.all(prompts.map((text) => service.chat(text, 32)));
  // Workers publish what they have a moment later; the last of them has to have reached the router.
  await expect
    .poll(async () => (await service.chat(prompt(99))).prompt_tokens_details.cached_tokens)
    .toBeGreaterThan(60);
  const again = [];
  for (const text of prompts) again.push(await service.chat(text));
  // But for the last token, which is always computed.
  expect(
    again.map(
      ({ prompt_tokens, prompt_tokens_details }) => prompt_tokens - prompt_tokens_details.cached_tokens,
    ),
  ).toEqual(prompts.map(() => 1));
  for (const worker of WORKERS) expect(logOf(worker)).toMatch(/Prefill batch/);
});

test("rates from the workers' logs are within 10% of what the clients counted", async () => {
  const began = Date.now();
  const load = new TokenLoad(service.url, 'tiny', { clients: 4, tokens: 200 });
  await expect.poll(() => load.requests).toBeGreaterThanOrEqual(24);
  const { tokens, failures } = await load.stop();
  expect(failures).toEqual([]);
  const logged = WORKERS.reduce((total, worker) => total + outputOf(batchesOf(worker), began), 0);
  expect(Math.abs(logged / tokens - 1), `${logged} of ${tokens} tokens`).toBeLessThanOrEqual(0.1);
});

function batchesOf(worker: string): readonly BatchLine[] {
  const found: BatchLine[] = [];
  const scanner = new LogScanner({
    engine: (line) => line.kind !== 'stage' && line.kind !== 'kernels' && found.push(line),
    signature: () => {},
  });
  scanner.push(Buffer.from(logOf(worker)));
  scanner.end();
  return found;
}

/** Tokens by the rates in windows, one after the other, from a time on, milliseconds. */
function outputOf(lines: readonly BatchLine[], from: number): number {
  const window = new ThroughputWindow();
  let total = 0;
  const left = lines.filter(({ time = 0 }) => time >= from);
  for (let at = from + window.window; at < Date.now() + 2 * window.window; at += window.window) {
    while (left[0]?.time !== undefined && left[0].time <= at) window.add(left.shift() as BatchLine, at);
    total += (window.at(at).outputTokensPerSecond * window.window) / 1000;
  }
  return total;
}

test('the end leaves no process', async () => {
  expect((await engine.stage.run('cancel', service.run)).code).toBe(0);
  expect(await eventOf(service, 'verdict')).toMatchObject({ outcome: 'cancelled' });
  await expect.poll(() => processesOf(engine.stage.runs)).toEqual([]);
});
