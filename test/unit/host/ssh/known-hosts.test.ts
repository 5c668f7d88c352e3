import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Hop } from '../../../../src/host/ssh/hop.ts';
import { keyAlgorithms, keyRefusal } from '../../../../src/host/ssh/host-key.ts';
import { findKnownKeys, fingerprint, judgeKey, keyType } from '../../../../src/host/ssh/known-hosts.ts';
import { openSsh } from '../../../../src/host/ssh/openssh.ts';
import { temporaryFolder } from '../../../world.ts';
import { newKey } from './server.ts';

/** The public half of a new key. */
const keyOf = (kind: 'ed25519' | 'rsa') => {
  const [, key = ''] = newKey(kind, kind === 'rsa' ? { bits: 2048 } : {}).public.split(' ');
  return Buffer.from(key, 'base64');
};

const ED = keyOf('ed25519');
const OTHER = keyOf('ed25519');
const RSA = keyOf('rsa');
const line = (names: string, key: Buffer) => `${names} ${keyType(key)} ${key.toString('base64')}`;

function hashed(name: string): string {
  const salt = Buffer.from('12345678901234567890');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

const RUN = openSsh({ PATH: process.env.PATH }, new AbortController().signal);
const HOP = {
  alias: 'login',
  host: 'login.example.org',
  port: 22,
  knownName: 'login.example.org',
  scannable: true,
} as unknown as Hop;

const PORT = { port: 2222, knownName: '[login.example.org]:2222' };

/** A hop whose files of known hosts hold these texts. */
function hopWith(hop: Partial<Hop>, ...texts: readonly string[]): Hop {
  const folder = temporaryFolder();
  const files = texts.map((_, index) => join(folder, `known${index}`));
  for (const [index, text] of texts.entries()) writeFileSync(files[index] ?? '', text);
  return { ...HOP, ...hop, knownHosts: [join(folder, 'absent'), folder, ...files] };
}

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
  ['an authority that shows its own key', 'login', `@cert-authority ${line('*', ED)}`, 'authority'],
  [
    'comments, rubbish and blank lines',
    'login',
    `# x\n\nx\nlogin\n ${line('login', ED)} me@here\r\n`,
    'known',
  ],
  [
    'a comment like what ssh-keygen says',
    'login',
    `# Host login found: line 1\n${line('x', ED)}\n`,
    'unknown',
  ],
  ['nothing', 'login', '', 'unknown'],
])('%s', async (_, host, text, expected) => {
  const hop = hopWith({ knownName: host }, text);
  expect(judgeKey(ED, await findKnownKeys(hop, RUN)).kind).toBe(expected);
});

test('the files count in their order', async () => {
  const texts = [line('x', OTHER), line('alias', RSA), `\n${line('alias', ED)}`];
  const hop = hopWith({ knownName: 'alias' }, ...texts);
  expect(await findKnownKeys(hop, RUN)).toEqual([
    { marker: undefined, type: 'ssh-rsa', key: RSA, file: hop.knownHosts[3], line: 1 },
    { marker: undefined, type: 'ssh-ed25519', key: ED, file: hop.knownHosts[4], line: 2 },
  ]);
});

const refusalOf = async (text: string, more: Partial<Hop> = {}) => {
  const hop = hopWith(more, text);
  const file = hop.knownHosts.at(-1) ?? '';
  const named = { ...hop, knownHosts: [file] };
  const error = keyRefusal(ED, judgeKey(ED, await findKnownKeys(named, RUN)), named);
  return error && `${error.code}: ${error.message}\nhint: ${error.hint}`.replaceAll(file, 'KNOWN');
};

test('a known key is not refused', async () => {
  expect(await refusalOf(line('login.example.org', ED))).toBeUndefined();
});

test('an unknown key is refused with its fingerprint and the way to add it', async () => {
  expect(await refusalOf('')).toBe(
    `connection: the host key of login is not known
  shown  ssh-ed25519 ${fingerprint(ED)}
hint: compare the fingerprint with the one that the administrators publish; then add the key: \`ssh-keyscan -t ed25519 login.example.org >> KNOWN\``,
  );
  expect(await refusalOf('', PORT)).toContain('`ssh-keyscan -p 2222 -t ed25519 login.example.org >>');
});

test('behind a bastion, where ssh-keyscan does not reach, the line itself is shown', async () => {
  expect(await refusalOf('', { ...PORT, scannable: false })).toContain(
    `\`echo '[login.example.org]:2222 ssh-ed25519 ${ED.toString('base64')}' >> KNOWN\``,
  );
});

test('a changed key is refused with both fingerprints and the way to forget the old one', async () => {
  expect(await refusalOf(`# first\n${line('login.example.org', OTHER)}`)).toBe(
    `connection: the host key of login has changed: someone may be intercepting the connection, or the host was reinstalled
  shown   ssh-ed25519 ${fingerprint(ED)}
  known   ssh-ed25519 ${fingerprint(OTHER)}   (KNOWN:2)
hint: ask the administrators whether the new key is theirs; then remove the old one with \`ssh-keygen -R login.example.org -f KNOWN\`, and add the new one: \`ssh-keyscan -t ed25519 login.example.org >> KNOWN\``,
  );
  const moved = PORT;
  expect(await refusalOf(line('[login.example.org]:2222', OTHER), moved)).toContain(
    "`ssh-keygen -R '[login.example.org]:2222' -f",
  );
});

test('keys that are revoked, and authorities, are refused by their line', async () => {
  expect(await refusalOf(`@revoked ${line('*', ED)}`)).toMatch(/is revoked[\s\S]*KNOWN:1/);
  expect(await refusalOf(`@cert-authority ${line('*', RSA)}`)).toMatch(/host certificates are not supported/);
});

test('a server is asked for the keys that are known', () => {
  expect(keyAlgorithms(['ssh-rsa', 'ssh-dss']).slice(0, 3)).toEqual([
    'rsa-sha2-512',
    'rsa-sha2-256',
    'ssh-ed25519',
  ]);
});
