import { expect, test } from 'vitest';
import type { ConfigFiles } from '../../../../src/host/ssh/config-file.ts';
import { findRoute } from '../../../../src/host/ssh/hop.ts';

const HOME = '/home/me';
const USER = '/home/me/.ssh/config';
const SYSTEM = '/etc/ssh/ssh_config';

function filesOf(texts: Readonly<Record<string, string>>): ConfigFiles {
  return {
    read: (path) => texts[path],
    list: (folder) =>
      Object.keys(texts).flatMap((path) => {
        const name = path.slice(folder.length + 1);
        return path.startsWith(`${folder}/`) && !name.includes('/') ? [name] : [];
      }),
  };
}

function route(destination: string, config: string, more: Readonly<Record<string, string>> = {}) {
  const traveller = {
    configs: [USER, SYSTEM],
    home: HOME,
    user: 'me',
    env: { SSH_AUTH_SOCK: '/run/agent', OTHER: '/run/other' },
  };
  return findRoute(destination, traveller, filesOf({ [USER]: config, ...more }));
}

const last = (destination: string, config: string, more?: Readonly<Record<string, string>>) =>
  route(destination, config, more).hops.at(-1);

test('without a configuration the usual applies', () => {
  expect(route('ada@login.example.org', '')).toEqual({
    hops: [
      {
        alias: 'login.example.org',
        host: 'login.example.org',
        port: 22,
        user: 'ada',
        identityFiles: ['/home/me/.ssh/id_rsa', '/home/me/.ssh/id_ecdsa', '/home/me/.ssh/id_ed25519'],
        identitiesNamed: false,
        identitiesOnly: false,
        agent: '/run/agent',
        keyName: 'login.example.org',
        keyNameHasPort: true,
        knownHosts: [
          '/home/me/.ssh/known_hosts',
          '/home/me/.ssh/known_hosts2',
          '/etc/ssh/ssh_known_hosts',
          '/etc/ssh/ssh_known_hosts2',
        ],
        keepAlive: 10,
        keepAliveCount: 3,
        connectTimeout: 20,
        preferred: undefined,
      },
    ],
    passedOver: [],
  });
});

test.each<[string, string, string, object]>([
  [
    'a name',
    'login',
    'Host login\n HostName login7.example.org',
    { alias: 'login', host: 'login7.example.org' },
  ],
  [
    'keywords in any case, and =',
    'login',
    'host login\n hostname=a\n PORT = 2222',
    { host: 'a', port: 2222 },
  ],
  ['%h', 'login', 'Host login\n HostName %h.example.org', { host: 'login.example.org' }],
  ['the first value', 'login', 'Host login\n Port 1\nHost *\n Port 2', { port: 1 }],
  ['what comes before all hosts', 'login', 'User x\nHost login\n User y', { user: 'x' }],
  ['patterns', 'login7', 'Host log* !login8\n Port 5', { port: 5 }],
  ['patterns that exclude', 'login8', 'Host log* !login8\n Port 5', { port: 22 }],
  ['the user of the destination first', 'ada@login', 'Host login\n User bob', { user: 'ada' }],
  ['the user of the configuration next', 'login', 'Host login\n User bob', { user: 'bob' }],
  [
    'identity files, all of them, with their tokens',
    'login',
    'Host login\n IdentityFile "~/my keys/%r@%h"\n IdentitiesOnly yes\nHost *\n IdentityFile %d/.ssh/k',
    {
      identityFiles: ['/home/me/my keys/me@login', '/home/me/.ssh/k'],
      identitiesNamed: true,
      identitiesOnly: true,
    },
  ],
  ['no identity files', 'login', 'IdentityFile none', { identityFiles: [] }],
  [
    'files of known hosts',
    'login',
    'UserKnownHostsFile ~/a ~/b\nGlobalKnownHostsFile none',
    { knownHosts: ['/home/me/a', '/home/me/b'] },
  ],
  [
    'a host key alias',
    'login',
    'HostKeyAlias Cluster\nPort 99',
    { keyName: 'cluster', keyNameHasPort: false },
  ],
  ['no agent', 'login', 'IdentityAgent none', { agent: undefined }],
  ['an agent by its socket', 'login', 'IdentityAgent ~/agent', { agent: '/home/me/agent' }],
  ['an agent by a variable', 'login', 'IdentityAgent $OTHER', { agent: '/run/other' }],
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
  ['Match all', 'login', 'Match all\n Port 7', { port: 7 }],
])('takes %s', (_, destination, config, expected) => {
  expect(last(destination, config)).toMatchObject(expected);
});

test('includes files where they stand, and only for the host', () => {
  const config = 'Include sites/*.conf\nHost login\n Include ~/more\nHost other\n Include ~/other';
  const hop = last('login', config, {
    '/home/me/.ssh/sites/b.conf': 'Host login\n Port 2',
    '/home/me/.ssh/sites/a.conf': 'Host login\n Port 1',
    '/home/me/.ssh/sites/not': 'Host login\n Port 9',
    '/home/me/more': 'User more',
    '/home/me/other': 'HostName wrong',
    [SYSTEM]: 'Host *\n ServerAliveInterval 60',
  });
  expect(hop).toMatchObject({ port: 1, user: 'more', host: 'login', keepAlive: 60 });
});

test('a file that includes itself ends', () => {
  expect(last('login', 'Include config\nPort 3')).toMatchObject({ port: 3 });
});

test('Match blocks are passed over, and named', () => {
  const { hops, passedOver } = route('login', 'Match exec "touch /tmp/x"\n Port 9\nHost login\n Port 8');
  expect(hops[0]?.port).toBe(8);
  expect(passedOver).toEqual([`${USER}: Match exec touch /tmp/x`]);
});

test.each<[string, string, string, readonly string[]]>([
  ['one', 'login', 'Host login\n ProxyJump jump@bastion:2200', ['jump@bastion:2200', 'me@login:22']],
  [
    'several, the first with one of its own',
    'login',
    'Host login\n ProxyJump a,ssh://bob@b\nHost a\n ProxyJump outer\n User al\nHost b\n ProxyJump never',
    ['me@outer:22', 'al@a:22', 'bob@b:22', 'me@login:22'],
  ],
  ['all but the bastion', 'login', 'Host *\n ProxyJump bastion', ['me@bastion:22', 'me@login:22']],
  ['none', 'login', 'Host login\n ProxyJump none\nHost *\n ProxyJump bastion', ['me@login:22']],
  [
    'an address',
    'login',
    'Host login\n ProxyJump [2001:db8::1]:2200',
    ['me@2001:db8::1:2200', 'me@login:22'],
  ],
])('jumps over hosts: %s', (_, destination, config, expected) => {
  const { hops } = route(destination, config);
  expect(hops.map(({ user, host, port }) => `${user}@${host}:${port}`)).toEqual(expected);
});

test.each<[string, string, string | undefined]>([
  [
    'ProxyCommand ssh -W %h:%p bastion',
    'ProxyCommand is not run',
    'for dyn-slurm, write `ProxyJump bastion` instead',
  ],
  ['ProxyCommand nc %h %p', 'ProxyCommand is not run', 'for dyn-slurm, write `ProxyJump BASTION` instead'],
  ['Port ssh', 'port ssh is no number', undefined],
  ['ConnectTimeout soon', 'connecttimeout soon is no time', undefined],
])('refuses %j', (config, problem, hint) => {
  expect(() => route('login', config)).toThrow(
    expect.objectContaining({
      code: 'config',
      message: `the way to login, by ssh’s configuration: ${problem}`,
      hint,
    }),
  );
});

test('a circle of jumps is refused', () => {
  expect(() => route('a', 'Host a\n ProxyJump b\nHost b\n ProxyJump a')).toThrow(
    expect.objectContaining({ code: 'config', message: expect.stringContaining('more than 8 hosts') }),
  );
});

test('a malformed file is refused by name', () => {
  expect(() => route('login', 'Host login\n IdentityFile "open')).toThrow(
    expect.objectContaining({ code: 'config', message: expect.stringContaining(USER) }),
  );
});
