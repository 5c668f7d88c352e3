import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { findRoute } from '../../../../src/host/ssh/hop.ts';
import { openSsh } from '../../../../src/host/ssh/openssh.ts';
import { temporaryFolder } from '../../../world.ts';

const ME = userInfo().username;
const SIGNAL = new AbortController().signal;

/** The way by a configuration: `~` stands for a home of its own, in the configuration's files and in the answer. */
async function route(
  destination: string,
  config: string,
  files: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
) {
  const home = temporaryFolder();
  for (const [name, text] of Object.entries({ '.ssh/config': config, ...files })) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), text.replaceAll('HOME', home));
  }
  const whole = { PATH: process.env.PATH, SSH_AUTH_SOCK: '/run/agent', OTHER: '/run/other', ...env };
  const hops = await findRoute(destination, { home, env: whole, openSsh: openSsh(whole, SIGNAL) });
  return JSON.parse(JSON.stringify(hops).replaceAll(home, '~')) as typeof hops;
}

const last = async (...args: Parameters<typeof route>) => (await route(...args)).at(-1);

test('without a configuration the usual applies', async () => {
  expect(await route('ada@login.example.org', '')).toEqual([
    {
      alias: 'login.example.org',
      host: 'login.example.org',
      port: 22,
      user: 'ada',
      identityFiles: ['~/.ssh/id_rsa', '~/.ssh/id_ecdsa', '~/.ssh/id_ed25519'],
      certificateFiles: ['~/.ssh/id_rsa-cert.pub', '~/.ssh/id_ecdsa-cert.pub', '~/.ssh/id_ed25519-cert.pub'],
      identitiesOnly: false,
      agent: '/run/agent',
      knownName: 'login.example.org',
      scannable: true,
      knownHosts: [
        '~/.ssh/known_hosts',
        '~/.ssh/known_hosts2',
        '/etc/ssh/ssh_known_hosts',
        '/etc/ssh/ssh_known_hosts2',
      ],
      keepAlive: 10,
      keepAliveCount: 3,
      connectTimeout: 20,
    },
  ]);
});

test.each<[string, string, string, object]>([
  [
    'a name',
    'login',
    'Host login\n HostName login7.example.org',
    { alias: 'login', host: 'login7.example.org' },
  ],
  ['%h', 'login', 'Host login\n HostName %h.example.org', { host: 'login.example.org' }],
  ['the first value', 'login', 'Host login\n Port 1\nHost *\n Port 2', { port: 1 }],
  ['patterns that exclude', 'login8', 'Host log* !login8\n Port 5', { port: 22 }],
  ['the user of the destination first', 'ada@login', 'Host login\n User bob', { user: 'ada' }],
  ['the user of the configuration next', 'login', 'Host login\n User bob', { user: 'bob' }],
  ['the user here last', 'login', '', { user: ME }],
  ['the port of the destination first', 'Login:7', 'Port 5', { port: 7, knownName: '[login]:7' }],
  ['an address of IPv6', '[2001:db8::1]:7', 'Host 2001:*\n User v6', { host: '2001:db8::1', user: 'v6' }],
  [
    'identity files, all of them, with their tokens',
    'login',
    'Host login\n HostName a\n IdentityFile "~/my keys/%r@%h"\n IdentitiesOnly yes\nHost *\n IdentityFile %d/%n-%u\n IdentityFile ${OTHER}/k',
    {
      identityFiles: [`~/my keys/${ME}@a`, `~/login-${ME}`, '/run/other/k'],
      certificateFiles: [`~/my keys/${ME}@a-cert.pub`, `~/login-${ME}-cert.pub`, '/run/other/k-cert.pub'],
      identitiesOnly: true,
    },
  ],
  ['no identity files', 'login', 'IdentityFile none', { identityFiles: [] }],
  [
    'files of known hosts',
    'login',
    'UserKnownHostsFile ~/.ssh/a "HOME/b c"\nGlobalKnownHostsFile none',
    { knownHosts: ['~/.ssh/a', '~/b c'] },
  ],
  ['a host key alias', 'login', 'HostKeyAlias Cluster\nPort 99', { knownName: 'cluster', scannable: false }],
  ['an agent by its socket', 'login', 'IdentityAgent HOME/agent', { agent: '~/agent' }],
  ['an agent by a variable', 'login', 'IdentityAgent $OTHER', { agent: '/run/other' }],
  ['the usual agent', 'login', 'IdentityAgent SSH_AUTH_SOCK', { agent: '/run/agent' }],
  [
    'times',
    'login',
    'ServerAliveInterval 1m30s\nServerAliveCountMax 5\nConnectTimeout 4',
    { keepAlive: 90, keepAliveCount: 5, connectTimeout: 4 },
  ],
  [
    'methods',
    'login',
    'PreferredAuthentications password,publickey',
    { preferred: ['password', 'publickey'] },
  ],
  ['a Match block', 'login', 'Match originalhost login exec "test -n %h"\n Port 7', { port: 7 }],
  ['a Match block that does not apply', 'login', 'Match exec "false"\n Port 7', { port: 22 }],
  [
    'a ProxyCommand, with its tokens and time',
    'login',
    'Host login\n HostName a\n Port 7\n ProxyCommand nc -x "$PROXY" %h:%p %r %n 100%%',
    { proxyCommand: `nc -x "$PROXY" a:7 ${ME} login 100%`, scannable: false, connectTimeout: 120 },
  ],
  [
    'no ProxyCommand',
    'login',
    'Host login\n ProxyCommand none\nHost *\n ProxyCommand x',
    { scannable: true },
  ],
])('takes %s', async (_, destination, config, expected) => {
  expect(await last(destination, config)).toMatchObject(expected);
});

test('no agent is none', async () => {
  expect(await last('login', 'IdentityAgent none')).not.toHaveProperty('agent');
  expect(await last('login', '', {}, { SSH_AUTH_SOCK: '' })).not.toHaveProperty('agent');
});

test('includes files', async () => {
  const files = { 'b.conf': 'Host login\n Port 2', 'a.conf': 'Host login\n Port 1' };
  expect(await last('login', 'Include HOME/*.conf', files)).toMatchObject({ port: 1 });
});

test.each<[string, string, readonly string[]]>([
  ['one', 'Host login\n ProxyJump jump@bastion:2200', ['jump@bastion:2200', 'me@login:22']],
  [
    'several, the first with one of its own',
    'Host login\n ProxyJump a,ssh://bob@b\nHost a\n ProxyJump outer\n User al\nHost b\n ProxyJump never',
    ['me@outer:22', 'al@a:22', 'bob@b:22', 'me@login:22'],
  ],
  ['none', 'Host login\n ProxyJump none\nHost *\n ProxyJump bastion', ['me@login:22']],
  ['an address', 'Host login\n ProxyJump [2001:db8::1]:2200', ['me@2001:db8::1:2200', 'me@login:22']],
  ['tokens', 'Host login\n ProxyJump ada@gate-%h', ['ada@gate-login:22', 'me@login:22']],
])('jumps over hosts: %s', async (_, config, expected) => {
  const hops = await route('login', `${config}\nHost *\n User me`);
  expect(hops.map(({ user, host, port }) => `${user}@${host}:${port}`)).toEqual(expected);
});

test('only the first hop has a ProxyCommand, and the keys of those behind it cannot be scanned', async () => {
  const config = 'Host login\n ProxyJump a,b\nHost *\n ProxyCommand nc %h %p';
  const hops = await route('login', config);
  expect(hops.map(({ host, proxyCommand, scannable }) => [host, proxyCommand, scannable])).toEqual([
    ['a', 'nc a 22', false],
    ['b', undefined, false],
    ['login', undefined, false],
  ]);
});

test.each<[string, string]>([
  ['Port x', 'HOME/.ssh/config line 1: '],
  ['Nonsense yes', 'HOME/.ssh/config: line 1: Bad configuration option: nonsense'],
  ['Host login\n IdentityFile "open', 'HOME/.ssh/config line 2: '],
  ['Host *\n ProxyJump login', 'jumphost loop via login'],
  ['Host login\n ProxyJump b\nHost b\n ProxyJump login', 'more than 8 jump hosts'],
])('what OpenSSH refuses is refused in its words: %j', async (config, problem) => {
  const error = await route('login', config).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'config' });
  const [, told] = /^the ssh configuration for \w+: (.*)/s.exec(error.message) ?? [];
  expect(told?.replace(/\S+(?=\/\.ssh\/config)/, 'HOME')).toContain(problem);
});

test.each([
  '-oProxyCommand=touch HOME/ran',
  'ada@-oProxyCommand=x',
  '-l@login',
  'a;touch ran',
  'a$(touch ran)',
  'a`touch ran`',
  '$USER@a',
  'a b',
  'a\nb',
  'a\u0007',
  'a|b',
  "a'b",
  'a\\b',
  '[-x]:22',
  '@a',
  '',
])('a name that could be an option or a command is given to nobody: %j', async (name) => {
  const home = temporaryFolder();
  const env = { PATH: process.env.PATH };
  const run = async () => expect.unreachable('ssh is run');
  await expect(findRoute(name, { home, env, openSsh: run })).rejects.toMatchObject({
    code: 'config',
    message: expect.stringContaining('not of the form [user@]host[:port]'),
  });
});

test('such a name is not taken from ProxyJump either', async () => {
  const ran = join(temporaryFolder(), 'ran');
  const config = `Match host *ran* exec "true %n"\nHost login\n ProxyJump "a;touch\${IFS}${ran}"`;
  await expect(route('login', config)).rejects.toMatchObject({ code: 'config' });
  expect(existsSync(ran)).toBe(false);
});

test('OpenSSH finds its files by itself, but where HOME is not the home of the account', async () => {
  const env = { PATH: process.env.PATH };
  const run = openSsh(env, SIGNAL);
  const home = temporaryFolder();
  mkdirSync(join(home, '.ssh'));
  const argsFor = async (where: string) => {
    const given: (readonly string[])[] = [];
    const noted: typeof run = (program, args) => {
      given.push([program, ...args]);
      return run(program, args);
    };
    await findRoute('ada@login:7', { home: where, env, openSsh: noted });
    return given;
  };
  const rest = ['-l', 'ada', '-p', '7', '--', 'login'];
  expect(await argsFor(userInfo().homedir)).toEqual([['ssh', '-GT', ...rest]]);
  expect(await argsFor(home)).toEqual([['ssh', '-GT', '-F', 'none', ...rest]]);
  const config = join(home, '.ssh/config');
  writeFileSync(config, 'Host login\n User ada\n');
  expect(await argsFor(home)).toEqual([['ssh', '-GT', '-F', config, ...rest]]);
});

test('where OpenSSH is not installed, the error names the package', async () => {
  await expect(route('login', '', {}, { PATH: temporaryFolder() })).rejects.toMatchObject({
    code: 'connection',
    message: 'ssh is not on the PATH',
    hint: "install the OpenSSH client (package openssh-client or openssh-clients): dyn-slurm reads ssh's configuration and known hosts with it",
  });
});
