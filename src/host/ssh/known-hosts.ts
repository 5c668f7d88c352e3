import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Hop } from './hop.ts';
import type { OpenSsh } from './openssh.ts';

/** A line of known_hosts that speaks of a host. */
export interface KnownKey {
  readonly marker: 'revoked' | 'cert-authority' | undefined;
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

/** The lines that speak of a hop, by `ssh-keygen -F`; none in a file that is not there or cannot be read. */
export async function findKnownKeys(hop: Hop, openSsh: OpenSsh): Promise<readonly KnownKey[]> {
  const files = hop.knownHosts.filter((file) => existsSync(file));
  const found = files.map(async (file) => {
    const { stdout } = await openSsh('ssh-keygen', ['-F', hop.knownName, '-f', file]);
    return [...stdout.matchAll(FOUND)].map(
      ([, line, marker, type = '', key = '']): KnownKey => ({
        marker: marker as KnownKey['marker'],
        type,
        key: Buffer.from(key, 'base64'),
        file,
        line: Number(line),
      }),
    );
  });
  return (await Promise.all(found)).flat();
}

/** `# Host NAME found: line 3 REVOKED`, and on the next line `@revoked NAMES TYPE KEY COMMENT`. */
const FOUND = /^# Host .* found: line (\d+).*\n\s*(?:@(revoked|cert-authority)\s+)?\S+\s+(\S+)\s+(\S+)/gm;

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

/** Fingerprint of a key in the form of `ssh-keygen -l`. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}
