import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcp } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { Web } from '../../../../src/observe/service/web.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

const never = new AbortController().signal;

async function listen<S extends Server | ReturnType<typeof createTcp>>(server: S) {
  open.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

function webOf() {
  const dialled: string[] = [];
  const web = new Web({
    via: 'tunnel',
    // As a channel of ssh: a stream, and no socket.
    dial: async ({ address, port }) => {
      dialled.push(`${address}:${port}`);
      const socket = connect(port, address);
      await once(socket, 'connect');
      return Duplex.from({ readable: socket, writable: socket });
    },
  });
  open.push(web);
  return { web, dialled };
}

test('asks again and again over one connection', async () => {
  const endpoint = await listen(
    createServer((request, response) => {
      response.statusCode = request.url === '/health' ? 503 : 200;
      response.end(`answer to ${request.url}`);
    }),
  );
  const { web, dialled } = webOf();
  expect(await web.get(endpoint, '/metrics', 5000, never)).toEqual({
    status: 200,
    text: 'answer to /metrics',
  });
  expect(await web.get(endpoint, '/health', 5000, never)).toEqual({ status: 503, text: 'answer to /health' });
  expect(dialled).toEqual([`127.0.0.1:${endpoint.port}`]);
});

test('sends JSON, whole', async () => {
  const endpoint = await listen(
    createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      request.once('end', () => {
        const { method, headers, url } = request;
        response.end(JSON.stringify([method, url, headers['content-type'], JSON.parse(text)]));
      });
    }),
  );
  const { web } = webOf();
  const body = { name: 'é'.repeat(100_000) };
  const { status, text } = await web.post(endpoint, '/engine/x', body, 5000, never);
  expect([status, JSON.parse(text)]).toEqual([200, ['POST', '/engine/x', 'application/json', body]]);
});

test('one that does not answer in time is left', async () => {
  const endpoint = await listen(createTcp(() => {}));
  const { web } = webOf();
  await expect(web.get(endpoint, '/metrics', 50, never)).rejects.toThrow('no answer within 0.05 s');
});

test('a connection that cannot be made is an error', async () => {
  const server = createTcp(() => {});
  const endpoint = await listen(server);
  server.close();
  const { web } = webOf();
  await expect(web.get(endpoint, '/metrics', 5000, never)).rejects.toThrow('ECONNREFUSED');
});

test('an interrupt ends the wait', async () => {
  const endpoint = await listen(createTcp(() => {}));
  const { web } = webOf();
  const stop = new AbortController();
  const answer = web.get(endpoint, '/metrics', 60_000, stop.signal);
  stop.abort();
  await expect(answer).rejects.toThrow('aborted');
});
