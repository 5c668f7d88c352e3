import { type AddressInfo, connect, createServer } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { openTunnel, type Tunnel, type TunnelOptions } from '../../../src/host/tunnel.ts';

const echo = async () => new PassThrough();

async function tunnel(options: Partial<TunnelOptions> = {}): Promise<Tunnel> {
  const opened = await openTunnel({ port: 0, orAny: true, dial: echo, onProblem: () => {}, ...options });
  onTestFinished(opened.close);
  return opened;
}

/** What comes back for a text, until the other end closes. */
function ask(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(text));
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.on('error', reject).on('close', () => resolve(heard));
  });
}

/** A port that another program has. */
async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('joins each connection to one of its own', async () => {
  const { port } = await tunnel();
  expect(await Promise.all([ask(port, 'one'), ask(port, 'two')])).toEqual(['one', 'two']);
});

test('a port that is taken is left for any other, unless it was asked for', async () => {
  const port = await takenPort();
  expect((await tunnel({ port })).port).not.toBe(port);
  await expect(tunnel({ port, orAny: false })).rejects.toMatchObject({
    code: 'preflight',
    message: `cannot listen on 127.0.0.1:${port}: the port is in use by another program`,
  });
});

test('a connection that cannot be made is closed, and the reason told', async () => {
  const problems: string[] = [];
  const { port } = await tunnel({
    dial: async () => {
      throw new Error('refused');
    },
    onProblem: ({ message }) => void problems.push(message),
  });
  expect(await ask(port, 'x').catch(() => '')).toBe('');
  expect(problems).toEqual(['refused']);
});

test('an end that is lost takes the other with it, and the next connection is a new one', async () => {
  let lost: Duplex | undefined;
  let count = 0;
  const { port } = await tunnel({
    dial: async () => {
      if (count++ > 0) return new PassThrough();
      lost = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
      setImmediate(() => lost?.destroy(new Error('connection lost')));
      return lost;
    },
  });
  expect(await ask(port, 'x').catch(() => '')).toBe('');
  expect(await ask(port, 'again')).toBe('again');
});
