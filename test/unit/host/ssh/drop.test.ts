import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostAt, testServer } from './server.ts';

const TIMEOUT = { timeout: 60_000, signal: new AbortController().signal };

test('a file is followed over drops, without loss and without a line twice', async () => {
  const server = await testServer();
  const log = join(server.home, 'log');
  writeFileSync(log, 'line 0\n');
  const host = hostAt(server);
  const stop = new AbortController();
  let text = '';
  const followed = (async () => {
    for await (const bytes of host.follow('~/log', 0, stop.signal)) text += Buffer.from(bytes).toString();
  })();
  for (let index = 1; index <= 40; index++) {
    appendFileSync(log, `line ${index}\n`);
    if (index % 10 === 0) {
      await expect.poll(() => text).toContain(`line ${index - 5}\n`);
      server.drop();
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await expect.poll(() => text).toBe(readFileSync(log, 'utf8'));
  stop.abort();
  await followed;
  expect(server.logins).toBeGreaterThan(2);
});

test('a command is not repeated when its answer is lost', async () => {
  const server = await testServer();
  const host = hostAt(server);
  const lost = host.exec(['sh', '-c', 'echo x >> ran; sleep 60'], TIMEOUT);
  lost.catch(() => {});
  await expect.poll(() => host.readText('~/ran')).toBe('x\n');
  server.drop();
  await expect(lost).rejects.toMatchObject({
    code: 'connection',
    message: expect.stringMatching(/^sh failed \(the connection was lost\)\n {2}ran: {2}sh -c .* on login$/),
    cause: { code: 'ECONNRESET' },
  });
  expect((await host.exec(['cat', 'ran'], TIMEOUT)).stdout).toBe('x\n');
  expect(server.logins).toBe(2);
});

test('files whose answer is lost are found to be written', async () => {
  const server = await testServer();
  const host = hostAt(server);
  const files = new Map([['a/b', { text: "it's\n", mode: 0o600 }]]);
  await host.list('~');
  // The shell writes the files, and is cut off from its answer.
  for (const shell of server.shells) shell.stdout?.unpipe();
  const written = host.writeFiles('~/run', files);
  await expect.poll(() => host.exec(['ls', 'run/a'], TIMEOUT).then(({ stdout }) => stdout)).toBe('b\n');
  server.drop();
  await written;
  expect(readFileSync(join(server.home, 'run/a/b'), 'utf8')).toBe("it's\n");
  await expect(host.writeFiles('~/run', files)).rejects.toMatchObject({ code: 'preflight' });
});

test('a server that is away for a while is waited for', async () => {
  const server = await testServer();
  const host = hostAt(server);
  await host.list('~');
  const closed = server.close();
  server.drop();
  await closed;
  const listed = host.list('~');
  await new Promise((resolve) => setTimeout(resolve, 400));
  await server.open();
  expect(await listed).toEqual([]);
});

test('nobody is asked again: who must answer to log in is told to run the command again', async () => {
  let asked = 0;
  const server = await testServer({
    questions: [{ prompt: 'Code: ', echo: false }],
    login: ({ method }) => method === 'keyboard-interactive' || ['keyboard-interactive'],
  });
  const host = hostAt(server, () => {
    asked++;
    return '1';
  });
  await host.list('~');
  server.drop();
  await expect.poll(() => host.traced).toContain('lost the connection to login');
  await expect(host.list('~')).rejects.toMatchObject({
    code: 'connection',
    message: expect.stringContaining(
      'the connection to login was lost and cannot be restored\ncannot log in',
    ),
    hint: expect.stringContaining('run the command in a terminal'),
  });
  expect(asked).toBe(1);
});

test('a connection that falls silent is noticed', async () => {
  const server = await testServer();
  appendFileSync(join(server.here, '.ssh/config'), 'ServerAliveInterval 1\nServerAliveCountMax 1\n');
  const host = hostAt(server);
  await host.list('~');
  const silent = host.exec(['sleep', '60'], TIMEOUT);
  server.freeze();
  await expect(silent).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
});

test('one connection serves all that happens at once', async () => {
  const server = await testServer({ mostSessions: 2 });
  const host = hostAt(server);
  const commands = Array.from({ length: 6 }, (_, index) =>
    host.exec(['sh', '-c', `sleep 0.1; echo ${index}`], TIMEOUT),
  );
  const lists = Array.from({ length: 20 }, () => host.list('~'));
  expect((await Promise.all(commands)).map(({ stdout }) => stdout)).toEqual(
    ['0', '1', '2', '3', '4', '5'].map((text) => `${text}\n`),
  );
  await Promise.all(lists);
  expect(server.logins).toBe(1);
});

test('a stream leads to what the host can reach', async () => {
  const host = hostAt(await testServer());
  const stream = await host.dial?.('10.0.0.1', 7);
  stream?.write('echo');
  const [chunk] = await new Promise<[Buffer]>((resolve) => stream?.once('data', (data) => resolve([data])));
  expect(chunk.toString()).toBe('echo');
  await expect(host.dial?.('10.0.0.1', 8)).rejects.toThrow('Channel open failure');
});
