import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { servePage } from '../../../src/host/page-server.ts';

async function served(page: () => string = () => 'up 1\n', address = '127.0.0.1') {
  const server = await servePage({ address, port: 0 }, page);
  onTestFinished(() => server.close());
  return Number(new URL(server.url).port);
}

/** What comes back for raw bytes, until the server closes. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.end(text);
  let answer = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    answer += part;
  });
  await once(socket, 'close');
  return answer;
}

const statusOf = (answer: string) => /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1];
const HOST = 'Host: 127.0.0.1:9500\r\nConnection: close\r\n\r\n';

test.each([
  ['GET /metrics', `GET /metrics HTTP/1.1\r\n${HOST}`, '200'],
  ['a query', `GET /metrics?a=b HTTP/1.1\r\n${HOST}`, '200'],
  ['HEAD', `HEAD /metrics HTTP/1.1\r\n${HOST}`, '200'],
  ['HTTP/1.0', 'GET /metrics HTTP/1.0\r\n\r\n', '200'],
  ['the name', 'GET /metrics HTTP/1.1\r\nHost: LocalHost\r\nConnection: close\r\n\r\n', '200'],
  ['another path', `GET / HTTP/1.1\r\n${HOST}`, '404'],
  ['a path that is no URL', `GET // HTTP/1.1\r\n${HOST}`, '404'],
  ['a path of a URL', `GET //[ HTTP/1.1\r\n${HOST}`, '404'],
  ['an absolute URL', `GET http://evil.example/metrics HTTP/1.1\r\n${HOST}`, '404'],
  ['another method', `POST /metrics HTTP/1.1\r\nContent-Length: 4\r\n${HOST}data`, '405'],
  ['a method that is none', `BREW /metrics HTTP/1.1\r\n${HOST}`, '400'],
  ['CONNECT', `CONNECT a:1 HTTP/1.1\r\n${HOST}`, undefined],
  [
    'an upgrade',
    `GET /metrics HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nHost: 127.0.0.1\r\n\r\n`,
    '200',
  ],
  ['two lengths', `POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n${HOST}`, '400'],
  ['huge headers', `GET /metrics HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n${HOST}`, '431'],
  ['garbage', '\u0000\u0001\u0002 nothing\r\n\r\n', '400'],
  ['nothing', '', undefined],
  ['half a request', 'GET /met', '400'],
  [
    'a page of the web',
    'GET /metrics HTTP/1.1\r\nHost: evil.example:9500\r\nConnection: close\r\n\r\n',
    '403',
  ],
  [
    'a name that begins like ours',
    'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\nConnection: close\r\n\r\n',
    '403',
  ],
  ['no name', 'GET /metrics HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n', '403'],
])('any request has its answer, and the next one too: %s', async (_, text, status) => {
  const port = await served();
  expect(statusOf(await raw(port, text))).toBe(status);
  expect(statusOf(await raw(port, `GET /metrics HTTP/1.1\r\n${HOST}`))).toBe('200');
});

test('sockets that are cut off, or that wait, take nothing from others', async () => {
  const port = await served(() => 'x'.repeat(4 * 1024 * 1024));
  const idle: Socket[] = [];
  onTestFinished(() => idle.forEach((socket) => void socket.destroy()));
  for (let count = 0; count < 20; count++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    if (count % 2 === 0) idle.push(socket);
    else socket.write(`GET /metrics HTTP/1.1\r\n${HOST}`, () => socket.resetAndDestroy());
  }
  expect(statusOf(await raw(port, `GET /metrics HTTP/1.1\r\n${HOST}`))).toBe('200');
});

test('more connections than it takes are closed, and it goes on', async () => {
  const port = await served();
  const sockets = Array.from({ length: 200 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  await expect.poll(() => sockets.filter(({ destroyed }) => destroyed).length, { timeout: 15_000 }).toBe(136);
  for (const socket of sockets) socket.destroy();
  await expect
    .poll(async () => statusOf(await raw(port, `GET /metrics HTTP/1.1\r\n${HOST}`)), { timeout: 15_000 })
    .toBe('200');
});

test('a page that cannot be created is an answer', async () => {
  const port = await served(() => {
    throw new Error('no');
  });
  expect(statusOf(await raw(port, `GET /metrics HTTP/1.1\r\n${HOST}`))).toBe('500');
});

test('on an address of the network any name may lead to it', async () => {
  const port = await served(undefined, '0.0.0.0');
  const text = 'GET /metrics HTTP/1.1\r\nHost: node1.example\r\nConnection: close\r\n\r\n';
  expect(statusOf(await raw(port, text))).toBe('200');
});
