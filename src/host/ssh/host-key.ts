import { DynSlurmError } from '../../errors.ts';
import { quote } from '../../render/shell.ts';
import type { Hop } from './hop.ts';
import { fingerprint, type KeyVerdict, keyType } from './known-hosts.ts';

/** Why a server's key is not accepted, and what to do; undefined for a known one. */
export function keyRefusal(key: Buffer, verdict: KeyVerdict, hop: Hop): DynSlurmError | undefined {
  const type = keyType(key);
  const shown = `${type} ${fingerprint(key)}`;
  switch (verdict.kind) {
    case 'known':
      return undefined;
    case 'changed': {
      const { file, line, key: old } = verdict.by;
      return refusal(
        [
          `the host key of ${hop.alias} has changed: someone may be intercepting the connection, or the host was reinstalled`,
          `  shown   ${shown}`,
          `  known   ${type} ${fingerprint(old)}   (${file}:${line})`,
        ],
        `ask the administrators whether the new key is theirs; then remove the old one with \`ssh-keygen -R ${quote(hop.knownName)} -f ${quote(file)}\`, and add the new one: ${adding(key, hop)}`,
      );
    }
    case 'revoked':
      return refusal(
        [
          `the host key of ${hop.alias} is revoked`,
          `  shown    ${shown}`,
          `  revoked  ${verdict.by.file}:${verdict.by.line}`,
        ],
        'do not log in there; tell the administrators',
      );
    case 'authority':
      return refusal(
        [
          `the host key of ${hop.alias} is not in your known hosts, and host certificates are not supported`,
          `  shown      ${shown}`,
          `  authority  ${verdict.by.file}:${verdict.by.line}`,
        ],
        `compare the fingerprint with the one that the administrators publish; then add the key: ${adding(key, hop)}`,
      );
    case 'unknown': {
      const others = verdict.others.map((other) => other.type).join(', ');
      return refusal(
        [
          `the host key of ${hop.alias} is not known${others === '' ? '' : `; it is known by ${others}`}`,
          `  shown  ${shown}`,
        ],
        `compare the fingerprint with the one that the administrators publish; then add the key: ${adding(key, hop)}`,
      );
    }
    default:
      return verdict satisfies never;
  }
}

function refusal(lines: readonly string[], hint: string): DynSlurmError {
  return new DynSlurmError('connection', lines.join('\n'), { hint });
}

/** ssh-keyscan goes neither through a bastion nor a ProxyCommand, and knows no HostKeyAlias: then the line itself. */
function adding(key: Buffer, hop: Hop): string {
  const file = quote(hop.knownHosts[0] ?? '~/.ssh/known_hosts');
  if (hop.scannable) {
    const type = keyType(key).replace(/^ssh-|^ecdsa-sha2-.*/, (prefix) =>
      prefix.startsWith('ecdsa') ? 'ecdsa' : '',
    );
    const port = hop.port === 22 ? '' : `-p ${hop.port} `;
    return `\`ssh-keyscan ${port}-t ${type} ${quote(hop.host)} >> ${file}\``;
  }
  return `\`echo ${quote(`${hop.knownName} ${keyType(key)} ${key.toString('base64')}`)} >> ${file}\``;
}

/** Host key algorithms that the server is to be asked for: those of known keys first, as ssh does. */
export function keyAlgorithms(types: readonly string[]): readonly string[] {
  const known = types.flatMap((type) => (type === 'ssh-rsa' ? RSA : [type]));
  return [...new Set([...known.filter((name) => ALGORITHMS.includes(name)), ...ALGORITHMS])];
}

const RSA = ['rsa-sha2-512', 'rsa-sha2-256'];
const ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  ...RSA,
];
