import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Hop } from '../../../../src/host/ssh/hop.ts';
import { keyAlgorithms, keyRefusal, knownName } from '../../../../src/host/ssh/host-key.ts';
import {
  fingerprint,
  judgeKey,
  keysOf,
  keyType,
  parseKnownHosts,
} from '../../../../src/host/ssh/known-hosts.ts';

/** A key of a type, as ssh writes it. */
function keyOf(type: string, text: string): Buffer {
  const field = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  return Buffer.concat([field(Buffer.from(type)), field(Buffer.from(text))]);
}

const ED = keyOf('ssh-ed25519', 'one');
const OTHER = keyOf('ssh-ed25519', 'two');
const RSA = keyOf('ssh-rsa', 'three');
const line = (names: string, key: Buffer) => `${names} ${keyType(key)} ${key.toString('base64')}`;

function hashed(name: string): string {
  const salt = Buffer.from('12345678901234567890');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

const judged = (host: string, text: string, key = ED) =>
  judgeKey(key, keysOf(host, parseKnownHosts('kh', text))).kind;

test.each([
  ['a plain name', 'login', line('login', ED), 'known'],
  ['one of several names', 'login', line('a,login,10.0.0.1', ED), 'known'],
  ['a name in capitals', 'login', line('LOGIN', ED), 'known'],
  ['a pattern', 'login7.example.org', line('login?.*.org', ED), 'known'],
  ['a pattern that excludes', 'login7', line('login*,!login7', ED), 'unknown'],
  ['a name that only resembles', 'loginx', line('login', ED), 'unknown'],
  ['a dot that is no wildcard', 'loginxorg', line('login.org', ED), 'unknown'],
  ['a port', '[login]:2222', line('[login]:2222', ED), 'known'],
  ['a port that is not the usual one', '[login]:2222', line('login', ED), 'unknown'],
  ['a hashed name', 'login', line(hashed('login'), ED), 'known'],
  ['another hashed name', 'login', line(hashed('logout'), ED), 'unknown'],
  ['a hashed name with a port', '[login]:2222', line(hashed('[login]:2222'), ED), 'known'],
  ['another key of the type', 'login', line('login', OTHER), 'changed'],
  ['a second line with the right key', 'login', `${line('login', OTHER)}\n${line('login', ED)}`, 'known'],
  ['a key of another type only', 'login', line('login', RSA), 'unknown'],
  ['a revoked key', 'login', `${line('login', ED)}\n@revoked ${line('*', ED)}`, 'revoked'],
  ['another key that is revoked', 'login', `${line('login', ED)}\n@revoked ${line('*', OTHER)}`, 'known'],
  ['an authority', 'login', `@cert-authority ${line('*', RSA)}`, 'authority'],
  [
    'comments, rubbish and blank lines',
    'login',
    `# x\n\nx\nlogin\n ${line('login', ED)} me@here\r\n`,
    'known',
  ],
  ['nothing', 'login', '', 'unknown'],
])('%s', (_, host, text, expected) => {
  expect(judged(host, text)).toBe(expected);
});

const HOP = {
  alias: 'login',
  host: 'login.example.org',
  port: 22,
  keyName: 'login.example.org',
  keyNameHasPort: true,
  knownHosts: ['/home/me/.ssh/known_hosts'],
} as unknown as Hop;

const refusalOf = (text: string, hop: Partial<Hop> = {}, direct = true) => {
  const whole = { ...HOP, ...hop };
  const lines = keysOf(knownName(whole), parseKnownHosts('/home/me/.ssh/known_hosts', text));
  const error = keyRefusal(ED, judgeKey(ED, lines), whole, direct);
  return error && `${error.code}: ${error.message}\nhint: ${error.hint}`;
};

test('a known key is not refused', () => {
  expect(refusalOf(line('login.example.org', ED))).toBeUndefined();
});

test('an unknown key is refused with its fingerprint and the way to add it', () => {
  expect(refusalOf('')).toBe(
    `connection: the host key of login is not known
  shown  ssh-ed25519 ${fingerprint(ED)}
hint: compare the fingerprint with what the site publishes; then add the key: \`ssh-keyscan -t ed25519 login.example.org >> /home/me/.ssh/known_hosts\``,
  );
  expect(refusalOf('', { port: 2222 })).toContain('`ssh-keyscan -p 2222 -t ed25519 login.example.org >>');
});

test('behind a bastion, where ssh-keyscan does not reach, the line itself is shown', () => {
  expect(refusalOf('', { port: 2222 }, false)).toContain(
    `\`echo '[login.example.org]:2222 ssh-ed25519 ${ED.toString('base64')}' >> /home/me/.ssh/known_hosts\``,
  );
});

test('a changed key is refused with both fingerprints and the way to forget the old one', () => {
  expect(refusalOf(`# first\n${line('login.example.org', OTHER)}`)).toBe(
    `connection: the host key of login has changed: somebody may be between you and it, or it was set up anew
  shown   ssh-ed25519 ${fingerprint(ED)}
  known   ssh-ed25519 ${fingerprint(OTHER)}   (/home/me/.ssh/known_hosts:2)
hint: ask the site whether the new key is theirs; then forget the old one with \`ssh-keygen -R login.example.org -f /home/me/.ssh/known_hosts\`, and add the new one: \`ssh-keyscan -t ed25519 login.example.org >> /home/me/.ssh/known_hosts\``,
  );
  const moved = { port: 2222 };
  expect(refusalOf(line('[login.example.org]:2222', OTHER), moved)).toContain(
    "`ssh-keygen -R '[login.example.org]:2222' -f",
  );
});

test('keys that are revoked, and authorities, are refused by their line', () => {
  expect(refusalOf(`@revoked ${line('*', ED)}`)).toMatch(/is revoked[\s\S]*known_hosts:1/);
  expect(refusalOf(`@cert-authority ${line('*', RSA)}`)).toMatch(/certificates of hosts are not checked/);
});

test('a server is asked for the keys that are known', () => {
  expect(keyAlgorithms(['ssh-rsa', 'ssh-dss']).slice(0, 3)).toEqual([
    'rsa-sha2-512',
    'rsa-sha2-256',
    'ssh-ed25519',
  ]);
});
