import { createHash, createHmac } from 'node:crypto';

/** A line of known_hosts. */
export interface KnownKey {
  readonly marker: 'revoked' | 'cert-authority' | undefined;
  /** Patterns with commas between them, or one hashed name. */
  readonly names: string;
  /** `ssh-ed25519` */
  readonly type: string;
  readonly key: Buffer;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What known_hosts say of a key that a server has shown. */
export type KeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'revoked' | 'changed' | 'authority'; readonly by: KnownKey }
  /** `others`: keys of other types that the host is known by. */
  | { readonly kind: 'unknown'; readonly others: readonly KnownKey[] };

/** Reads a file of known hosts; lines that are none are passed over, as ssh does. */
export function parseKnownHosts(file: string, text: string): readonly KnownKey[] {
  return text.split('\n').flatMap((raw, index): KnownKey[] => {
    const words = raw.trim().split(/\s+/);
    const mark = /^@(revoked|cert-authority)$/.exec(words[0] ?? '')?.[1] as KnownKey['marker'];
    const [names, type, key] = mark === undefined ? words : words.slice(1);
    if (names === undefined || type === undefined || key === undefined || names.startsWith('#')) return [];
    return [{ marker: mark, names, type, key: Buffer.from(key, 'base64'), file, line: index + 1 }];
  });
}

/** The lines that speak of a host: `login.example.org`, or `[login.example.org]:2222`. */
export function keysOf(host: string, lines: readonly KnownKey[]): readonly KnownKey[] {
  return lines.filter(({ names }) => isNamed(host, names));
}

/** `lines`: those that speak of the host. */
export function judgeKey(key: Buffer, lines: readonly KnownKey[]): KeyVerdict {
  const type = keyType(key);
  const revoked = lines.find((line) => line.marker === 'revoked' && line.key.equals(key));
  if (revoked) return { kind: 'revoked', by: revoked };
  const plain = lines.filter(({ marker }) => marker === undefined);
  if (plain.some((line) => line.key.equals(key))) return { kind: 'known' };
  const changed = plain.find((line) => line.type === type);
  if (changed) return { kind: 'changed', by: changed };
  const authority = lines.find(({ marker }) => marker === 'cert-authority');
  if (authority) return { kind: 'authority', by: authority };
  return { kind: 'unknown', others: plain };
}

/** The type that an ssh key begins with: `ssh-ed25519`. */
export function keyType(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0);
  return key.subarray(4, 4 + length).toString('latin1');
}

/** As `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

function isNamed(host: string, names: string): boolean {
  const [, salt, hash] = /^\|1\|([^|]+)\|([^|]+)$/.exec(names) ?? [];
  if (salt !== undefined && hash !== undefined) {
    const own = createHmac('sha1', Buffer.from(salt, 'base64')).update(host).digest();
    return own.equals(Buffer.from(hash, 'base64'));
  }
  let named = false;
  for (const pattern of names.toLowerCase().split(',')) {
    if (pattern.startsWith('!')) {
      if (fits(host, pattern.slice(1))) return false;
    } else if (fits(host, pattern)) named = true;
  }
  return named;
}

function fits(host: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(host);
}
