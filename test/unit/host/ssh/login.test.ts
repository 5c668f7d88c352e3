import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh2, { type ParsedKey } from 'ssh2';
import { expect, test } from 'vitest';
import { DynSlurmError } from '../../../../src/errors.ts';
import { hostAt, newKey, type TestServer, testServer } from './server.ts';

const TIMEOUT = { timeout: 60_000, signal: new AbortController().signal };
const CODE = [{ prompt: 'One-time code: ', echo: true }];

type Kind = 'ed25519' | 'ecdsa' | 'rsa' | 'rsa-pem';

/** Puts a key of a kind into a file, with its public half beside it where the form needs that. */
function keyFile({ here }: TestServer, name: string, kind: Kind, passphrase?: string): string {
  const file = join(here, '.ssh', name);
  if (kind === 'rsa-pem') {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const locked = passphrase === undefined ? {} : { cipher: 'aes-128-cbc', passphrase };
    writeFileSync(file, privateKey.export({ type: 'pkcs1', format: 'pem', ...locked }));
    const key = ssh2.utils.parseKey(privateKey.export({ type: 'pkcs1', format: 'pem' })) as ParsedKey;
    writeFileSync(`${file}.pub`, `ssh-rsa ${key.getPublicSSH().toString('base64')} me\n`);
    return file;
  }
  const bits = kind === 'rsa' ? { bits: 2048 } : kind === 'ecdsa' ? { bits: 521 } : {};
  const locked = passphrase === undefined ? {} : { passphrase, cipher: 'aes256-ctr', rounds: 4 };
  writeFileSync(file, newKey(kind, { ...bits, ...locked }).private);
  return file;
}

const KINDS: readonly Kind[] = ['ed25519', 'ecdsa', 'rsa', 'rsa-pem'];

test.each(KINDS)('a key opens: %s', async (kind) => {
  const server = await testServer();
  rmSync(join(server.here, '.ssh/id_ed25519'));
  keyFile(server, 'id_ecdsa', kind);
  expect((await hostAt(server).exec(['echo', 'in'], TIMEOUT)).stdout).toBe('in\n');
});

test.each(KINDS)('a passphrase is asked for once, where the server takes the key: %s', async (kind) => {
  const server = await testServer();
  rmSync(join(server.here, '.ssh/id_ed25519'));
  const file = keyFile(server, 'id_rsa', kind, 'open sesame');
  const asked: string[] = [];
  const host = hostAt(server, (question, echo) => {
    asked.push(`${question}${echo}`);
    return asked.length === 1 ? 'wrong' : 'open sesame';
  });
  expect((await host.exec(['echo', 'in'], TIMEOUT)).stdout).toBe('in\n');
  expect(asked).toEqual([`Passphrase of ${file}: false`, `Passphrase of ${file}: false`]);
});

test('nothing is asked without a terminal: the error says what to do', async () => {
  const server = await testServer({
    login: ({ method }) => method === 'publickey' || ['publickey', 'keyboard-interactive'],
  });
  keyFile(server, 'id_ed25519', 'ed25519', 'secret');
  const error = await hostAt(server)
    .list('~')
    .catch((thrown: DynSlurmError) => thrown);
  expect(error).toMatchObject({
    code: 'connection',
    hint: 'run the command in a terminal, or add a key to an ssh agent: see docs/ssh.md',
  });
  const lines = (error as DynSlurmError).message.split('\n');
  expect(lines[0]).toBe('cannot log in to login as ada: the server accepts publickey, keyboard-interactive');
  expect(lines[1]).toMatch(/^ {2}not tried {2}\S+id_ed25519 \(SHA256:\S+\): it has a passphrase.*`ssh-add /);
  expect(lines[2]).toBe(
    '  not tried  keyboard-interactive: the server asks for an answer, and there is no terminal',
  );
});

test('a certificate is named as what was not tried', async () => {
  const server = await testServer({ login: () => ['publickey'] });
  const certificate = join(server.here, '.ssh/id_ed25519-cert.pub');
  writeFileSync(certificate, 'ssh-ed25519-cert-v01@openssh.com AAAA');
  await expect(hostAt(server).list('~')).rejects.toMatchObject({
    message: expect.stringMatching(
      /^cannot log in to login as ada: the server accepts publickey\n {2}refused {4}\S+id_ed25519 \(SHA256:\S+\)\n {2}not tried {2}(\S+): dyn-slurm logs in with ssh2, which cannot send certificates$/,
    ),
  });
});

test("a question is asked in the server's words, and again where the answer is wrong", async () => {
  const server = await testServer({
    questions: CODE,
    login: ({ method }, count) =>
      (method === 'keyboard-interactive' && count > 1) || ['keyboard-interactive', 'password'],
  });
  const asked: string[] = [];
  const host = hostAt(server, (question, echo) => {
    asked.push(`${question}${echo}`);
    return `code ${asked.length}`;
  });
  expect((await host.exec(['echo', 'in'], TIMEOUT)).stdout).toBe('in\n');
  const words = 'Two factors\nHave your token ready.\n(ada@login) One-time code: true';
  expect(asked).toEqual([words, words]);
  expect(server.answers).toEqual(['code 1', 'code 2']);
  expect(server.attempts).toEqual(['none', 'keyboard-interactive', 'keyboard-interactive']);
});

test('a key, then a code', async () => {
  let factors = 0;
  const server = await testServer({
    questions: CODE,
    login: ({ method }) => {
      if (method === 'publickey') factors++;
      if (method === 'keyboard-interactive' && factors === 1) return true;
      return factors === 0 ? ['publickey'] : ['keyboard-interactive'];
    },
  });
  keyFile(server, 'id_rsa', 'rsa');
  const host = hostAt(server, () => '123456');
  expect((await host.exec(['echo', 'in'], TIMEOUT)).stdout).toBe('in\n');
  expect(server.attempts).toEqual(['none', 'publickey', 'keyboard-interactive']);
});

test.each<[string, readonly string[], string, readonly string[]]>([
  ['where nothing else is offered', ['publickey', 'password'], '', ['none', 'publickey', 'password']],
  [
    'where it is preferred',
    ['publickey', 'keyboard-interactive', 'password'],
    'PreferredAuthentications password\n',
    ['none', 'password'],
  ],
])('a password is asked for %s', async (_, offered, config, attempts) => {
  const server = await testServer({
    login: (attempt) => (attempt.method === 'password' && attempt.password === 'pw') || offered,
  });
  appendFileSync(join(server.here, '.ssh/config'), config);
  const asked: string[] = [];
  const host = hostAt(server, (question, echo) => {
    asked.push(`${question}${echo}`);
    return 'pw';
  });
  expect((await host.exec(['echo', 'in'], TIMEOUT)).stdout).toBe('in\n');
  expect(asked).toEqual(['Password of ada@login: false']);
  expect(server.attempts).toEqual(attempts);
});

test('a password is not asked for where the server has other questions', async () => {
  const server = await testServer({ login: () => ['keyboard-interactive', 'password'] });
  await expect(hostAt(server, () => 'x').list('~')).rejects.toMatchObject({
    message:
      'cannot log in to login as ada: the server accepts keyboard-interactive, password\n  refused    keyboard-interactive',
  });
  expect(server.attempts).not.toContain('password');
});

test('an interrupt at a question ends the login', async () => {
  const server = await testServer({ questions: CODE, login: () => ['keyboard-interactive'] });
  const host = hostAt(server, () => {
    throw new DynSlurmError('interrupted', 'interrupted while asking');
  });
  await expect(host.list('~')).rejects.toMatchObject({ code: 'interrupted' });
});

test('an unknown key of the host is refused before anything is shown to it', async () => {
  const server = await testServer();
  const file = join(server.here, '.ssh/known_hosts');
  writeFileSync(file, '');
  await expect(hostAt(server).list('~')).rejects.toMatchObject({
    code: 'connection',
    message: expect.stringContaining('the host key of login is not known'),
    hint: expect.stringContaining(`\`ssh-keyscan -p ${server.port} -t ed25519 127.0.0.1 >> ${file}\``),
  });
  const other = newKey('ed25519').public.split(' ').slice(0, 2).join(' ');
  writeFileSync(file, `[127.0.0.1]:${server.port} ${other}\n`);
  await expect(hostAt(server).list('~')).rejects.toMatchObject({
    message: expect.stringContaining('the host key of login has changed'),
    hint: expect.stringContaining(`ssh-keygen -R '[127.0.0.1]:${server.port}' -f ${file}`),
  });
  expect(server.attempts).toEqual([]);
});

test('a host that is not there is named, with what to look at', async () => {
  const server = await testServer();
  await server.close();
  await expect(hostAt(server).list('~')).rejects.toMatchObject({
    code: 'connection',
    message: expect.stringMatching(/^cannot reach login \(127\.0\.0\.1:\d+\): connect ECONNREFUSED/),
    hint: expect.stringContaining('right network'),
  });
});

test('a login without bash says what the shell said', async () => {
  const server = await testServer({ rc: 'echo This account is not available.; exit 1; ' });
  await expect(hostAt(server).list('~')).rejects.toMatchObject({
    code: 'connection',
    message: 'cannot start bash on login\nThis account is not available.',
  });
});

test("a ProxyCommand is the connection: it has the caller's variables, and survives Ctrl-C", async () => {
  const server = await testServer();
  const log = join(server.here, 'log');
  const relay = `echo "$$ $0 $1:$2" >>${log}; exec 3<>/dev/tcp/$1/$2; cat <&3 & exec cat >&3`;
  const command = `bash -c '${relay}' "$WORDS" %h %p`;
  appendFileSync(join(server.here, '.ssh/config'), `ProxyCommand ${command}\n`);
  const host = hostAt(server, undefined, { WORDS: 'a  b' });
  const echo = async (word: string) => (await host.exec(['echo', word], TIMEOUT)).stdout;
  expect(await echo('in')).toBe('in\n');
  const [pid, words] = /^(\d+) (.*)\n$/.exec(readFileSync(log, 'utf8'))?.slice(1) ?? [];
  expect(words).toBe(`a  b 127.0.0.1:${server.port}`);
  process.kill(Number(pid), 'SIGINT');
  expect(await echo('still in')).toBe('still in\n');
  expect(server.logins).toBe(1);
  server.drop();
  await expect.poll(() => host.traced).toContain('lost the connection to login');
  await expect.poll(() => isRunning(Number(pid))).toBe(false);
  expect(await echo('again')).toBe('again\n');
  expect(server.logins).toBe(2);
});

test.each([
  ['sh -c "echo no way >&2; exit 3"', 'ended (exit 3)\n  no way'],
  ['sh -c "exit 1"', 'ended (exit 1)'],
  ['printf "\\033[1mred\\r\\nalert\\n" >&2', 'ended (exit 0)\n  red\n  alert'],
  ['sh -c "trap \'\' HUP; echo waiting >&2; exec sleep 5"', 'says\n  waiting'],
])('a ProxyCommand that fails is quoted: %s', async (command, fate) => {
  const server = await testServer();
  const config = `Host login\n HostName a\n ConnectTimeout 1\n ProxyCommand ${command}\n`;
  writeFileSync(join(server.here, '.ssh/config'), config);
  await expect(hostAt(server).list('~')).rejects.toMatchObject({
    code: 'connection',
    message: `cannot reach login (a:22): its ProxyCommand ${fate}`,
  });
});

test('an interrupt ends a ProxyCommand', async () => {
  const server = await testServer();
  const pid = join(server.here, 'pid');
  appendFileSync(join(server.here, '.ssh/config'), `ProxyCommand sh -c 'echo $$ >${pid}; exec sleep 600'\n`);
  const stop = new AbortController();
  const listed = hostAt(server, undefined, {}, stop.signal).list('~');
  await expect.poll(() => existsSync(pid) && readFileSync(pid, 'utf8')).toMatch(/\d+\n/);
  stop.abort();
  await expect(listed).rejects.toMatchObject({ code: 'interrupted' });
  await expect.poll(() => isRunning(Number(readFileSync(pid, 'utf8')))).toBe(false);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
