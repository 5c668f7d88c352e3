import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { BenchClient, type Load } from '../../../../src/bench/client/client.ts';

interface Asked {
  readonly prompt?: string;
  readonly messages?: readonly { readonly content: string }[];
  readonly max_tokens: number;
  readonly [key: string]: unknown;
}

/** A service that counts two tokens a word and three a prompt, and answers at once; `refuse` takes a request first. */
class Service {
  readonly asked: Asked[] = [];
  most = 0;
  #now = 0;
  readonly #server: Server;

  constructor(refuse: (asked: Asked, response: ServerResponse, index: number) => boolean = () => false) {
    this.#server = createServer((request, response) => void this.#answer(request, response, refuse));
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    refuse: (asked: Asked, response: ServerResponse, index: number) => boolean,
  ): Promise<void> {
    this.most = Math.max(this.most, ++this.#now);
    response.on('close', () => this.#now--);
    const asked = JSON.parse(await text(request)) as Asked;
    this.asked.push(asked);
    if (refuse(asked, response, this.asked.length)) return;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const { messages } = asked;
    // Who speaks comes before what is said.
    if (messages)
      response.write(
        `data: ${JSON.stringify({ choices: [{ delta: { role: 'assistant', content: '' } }] })}\n\n`,
      );
    const piece = messages ? { delta: { content: ' x' } } : { text: ' x' };
    for (let token = 0; token < asked.max_tokens; token++) {
      response.write(`data: ${JSON.stringify({ choices: [piece], usage: null })}\n\n`);
    }
    const prompt = messages?.[0]?.content ?? asked.prompt ?? '';
    const usage = {
      prompt_tokens: (messages ? 20 : 3) + 2 * prompt.split(' ').length,
      completion_tokens: asked.max_tokens,
    };
    response.write(`data: ${JSON.stringify({ choices: [{ text: '', finish_reason: 'length' }] })}\n\n`);
    response.end(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
  }
}

const LOAD: Load = { concurrency: 4, requests: 20, rate: 'inf', isl: 103, osl: 5, ratio: 1, seed: 1 };
const never = () => new AbortController().signal;

let service: Service | undefined;
let client: BenchClient | undefined;
afterEach(async () => {
  await client?.close();
  service?.close();
});

async function connected(...refusal: ConstructorParameters<typeof Service>): Promise<[Service, BenchClient]> {
  service = new Service(...refusal);
  client = new BenchClient(await service.open(), 'm');
  return [service, client];
}

test('makes so many requests of so many tokens, so many at a time', async () => {
  const [server, own] = await connected();
  await own.calibrate(103, never());
  const before = server.asked.length;
  const progress: number[] = [];
  const measured = await own.run(LOAD, never(), ({ done }) => progress.push(done));
  expect(measured).toMatchObject({ completed: 20, failed: 0, inputTokens: 20 * 103, outputTokens: 100 });
  expect(Object.keys(measured)).toEqual(expect.arrayContaining(['ttft', 'tpot', 'itl', 'e2e', 'seconds']));
  expect(progress).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  expect(server.most).toBeLessThanOrEqual(4);
  const asked = server.asked.slice(before);
  expect(new Set(asked.map(({ prompt }) => prompt)).size).toBe(20);
  expect(asked[0]).toMatchObject({
    model: 'm',
    max_tokens: 5,
    stream: true,
    stream_options: { include_usage: true },
    ignore_eos: true,
    min_tokens: 5,
  });
});

test('finding out how many tokens a word has takes no longer prompts than those to come', async () => {
  // Two tokens a word, in a service with room for little more than the prompts of the benchmark.
  const room = (asked: Asked, response: ServerResponse) => {
    if (3 + 2 * (asked.prompt ?? '').split(' ').length <= 1030) return false;
    response.writeHead(400).end('{"message":"too long"}');
    return true;
  };
  const [server, own] = await connected(room);
  await own.calibrate(1024, never());
  expect(await own.run({ ...LOAD, isl: 1023 }, never(), () => {})).toMatchObject({
    completed: 20,
    inputTokens: 20 * 1023,
  });
  expect(server.asked[5]?.prompt?.split(' ')).toHaveLength(459);
});

test('lengths vary between a part of them and all', async () => {
  const [server, own] = await connected();
  await own.calibrate(103, never());
  await own.run({ ...LOAD, requests: 200, osl: 50, ratio: 0.5 }, never(), () => {});
  const lengths = server.asked.slice(-200).map(({ max_tokens: tokens }) => tokens);
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(25);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(50);
  expect(new Set(lengths).size).toBeGreaterThan(10);
});

test('leaves out what the service does not know', async () => {
  const refused = (asked: Asked, response: ServerResponse) => {
    if (!('min_tokens' in asked)) return false;
    response.writeHead(400).end('{"message":"Unsupported parameter(s): `min_tokens`"}');
    return true;
  };
  const [server, own] = await connected(refused);
  await own.calibrate(103, never());
  expect(await own.run(LOAD, never(), () => {})).toMatchObject({ completed: 20, failed: 0 });
  expect(server.asked.at(-1)).toMatchObject({ ignore_eos: true });
  expect(server.asked.at(-1)).not.toHaveProperty('min_tokens');
});

test('counts what fails, and keeps the first reason', async () => {
  const some = (_: Asked, response: ServerResponse, index: number) => {
    if (index <= 5 || index % 4 !== 0) return false;
    response.writeHead(503).end('{"message":"no worker"}');
    return true;
  };
  const [, own] = await connected(some);
  await own.calibrate(103, never());
  expect(await own.run(LOAD, never(), () => {})).toMatchObject({
    completed: 15,
    failed: 5,
    error: 'HTTP 503: {"message":"no worker"}',
  });
});

test('a stream that breaks off is a failure', async () => {
  const broken = (_: Asked, response: ServerResponse, index: number) => {
    if (index <= 5) return false;
    response.writeHead(200);
    response.end('data: {"choices":[{"text":"x"}]}\n\n');
    return true;
  };
  const [, own] = await connected(broken);
  await own.calibrate(103, never());
  expect(await own.run({ ...LOAD, requests: 2 }, never(), () => {})).toMatchObject({
    completed: 0,
    failed: 2,
    error: 'the stream ended early, without [DONE]',
  });
});

const USAGE = '{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":0}}';

test.each([
  [
    'a chunk with an error',
    'data: {"error":{"message":"gone"}}',
    'the stream reported an error: {"message":"gone"}',
  ],
  ['an event named error', 'event: error\ndata: gone', 'the stream reported an error: gone'],
  ['an event named error, with a comment', 'event: error\n: "gone"', 'the stream reported an error: "gone"'],
  [
    'a finish by an error',
    'data: {"choices":[{"text":"","finish_reason":"error"}]}',
    'the stream ended with finish_reason "error"',
  ],
  ['no token', `data: ${USAGE}\n\ndata: [DONE]`, 'the stream ended without a token'],
])('a stream with %s is a failure', async (_, said, error) => {
  const failing = (_asked: Asked, response: ServerResponse, index: number) => {
    if (index <= 5) return false;
    response.writeHead(200);
    response.end(`data: {"choices":[{"text":"x"}]}\n\n${said}\n\n`);
    return true;
  };
  const [, own] = await connected(failing);
  await own.calibrate(103, never());
  const load = { ...LOAD, requests: 2 };
  expect(await own.run(load, never(), () => {})).toMatchObject({ completed: 0, failed: 2, error });
});

test('an abort keeps what is done', async () => {
  const [, own] = await connected();
  await own.calibrate(103, never());
  const stop = new AbortController();
  const measured = await own.run({ ...LOAD, concurrency: 1, requests: 1000 }, stop.signal, ({ done }) => {
    if (done === 7) stop.abort();
  });
  expect(measured).toMatchObject({ completed: 7, failed: 0, outputTokens: 35, cut: true });
});

test('begins requests at a rate', async () => {
  const [, own] = await connected();
  await own.calibrate(103, never());
  const { seconds, completed } = await own.run({ ...LOAD, rate: 100, requests: 50 }, never(), () => {});
  expect(completed).toBe(50);
  // Half a second on average; never as fast as it could.
  expect(seconds).toBeGreaterThan(0.2);
});

test('a service that does not answer is said so', async () => {
  const [, own] = await connected((_, response) => {
    response.writeHead(500).end('no');
    return true;
  });
  await expect(own.calibrate(100, never())).rejects.toThrow(
    'the service does not answer a completion request: HTTP 500: no',
  );
});

test('messages for a chat template are as long with it as prompts are without', async () => {
  const service = new Service();
  const client = new BenchClient(await service.open(), 'm', true);
  try {
    await client.calibrate(LOAD.isl, never());
    const { completed, inputTokens, outputTokens } = await client.run(
      { ...LOAD, isl: 104 },
      never(),
      () => {},
    );
    expect([completed, inputTokens, outputTokens]).toEqual([20, 20 * 104, 100]);
    expect(
      service.asked.every(({ prompt, messages }) => prompt === undefined && messages?.length === 1),
    ).toBe(true);
  } finally {
    await client.close();
    service.close();
  }
});

test('good requests are those that met all bounds', async () => {
  const service = new Service();
  const client = new BenchClient(await service.open(), 'm');
  try {
    await client.calibrate(LOAD.isl, never());
    const measure = async (slo: object | undefined) => {
      const { goodput, seconds } = await client.run({ ...LOAD, ...(slo && { slo }) }, never(), () => {});
      return goodput === undefined ? undefined : Math.round(goodput * seconds);
    };
    expect(await measure({ ttft: 3_600_000, itl: 3_600_000, e2e: 3_600_000 })).toBe(20);
    expect(await measure({ ttft: 3_600_000, e2e: 1e-9 })).toBe(0);
    expect(await measure(undefined)).toBeUndefined();
  } finally {
    await client.close();
    service.close();
  }
});
