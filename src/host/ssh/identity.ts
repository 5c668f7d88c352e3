import { existsSync, readFileSync } from 'node:fs';
import ssh2, { type BaseAgent, type ParsedKey } from 'ssh2';
import type { Hop } from './hop.ts';
import { encryptedPublicKey } from './key-file.ts';
import { fingerprint } from './known-hosts.ts';

/** Asks a person; rejects where there is nobody to ask. */
export type Ask = (question: string, options: { readonly echo: boolean }) => Promise<string>;

/** A key that can be offered to a server. */
export interface Identity {
  /** For messages: `~/.ssh/id_ed25519 (SHA256:…)`. */
  readonly label: string;
  readonly publicKey: ParsedKey;
  /** `hash`: of RSA signatures. Rejects with a reason fit for a message. */
  sign(data: Buffer, hash: string | undefined): Promise<Buffer>;
}

export interface Identities {
  /** In OpenSSH's order: named keys that the agent has, its other keys, keys in files only. */
  readonly keys: readonly Identity[];
  /** Why a key is not among them, as sentences. */
  readonly notes: readonly string[];
}

/** Collects the keys for a hop. Nothing is asked before a server has accepted the public key. */
export async function findIdentities(hop: Hop, ask: Ask | undefined): Promise<Identities> {
  const notes = hop.certificateFiles
    .filter((file) => existsSync(file))
    .map((file) => `${file}: dyn-slurm logs in with ssh2, which cannot send certificates`);
  const inAgent = hop.agent === undefined ? [] : await agentKeys(hop.agent, notes);
  const inFiles = hop.identityFiles.flatMap((file) => keyInFile(file, ask, notes) ?? []);
  const isIn = (keys: readonly { publicKey: ParsedKey }[], { publicKey }: { publicKey: ParsedKey }) =>
    keys.some((other) => other.publicKey.getPublicSSH().equals(publicKey.getPublicSSH()));
  const named = inFiles.flatMap((key) => inAgent.filter((other) => isIn([key], other)));
  const others = hop.identitiesOnly ? [] : inAgent.filter((key) => !isIn(named, key));
  const alone = inFiles.filter((key): key is Identity => key.sign !== undefined && !isIn(inAgent, key));
  return { keys: [...named, ...others, ...alone], notes };
}

async function agentKeys(socket: string, notes: string[]): Promise<readonly Identity[]> {
  const agent = ssh2.createAgent(socket);
  const keys = await new Promise<readonly ParsedKey[]>((resolve) => {
    agent.getIdentities((error, found = []) => {
      if (error) notes.push(`the agent at ${socket} does not answer`);
      resolve(error ? [] : (found as (ParsedKey | Buffer | string)[]).flatMap((key) => parsed(key)));
    });
  });
  return keys.map((publicKey) => ({
    label: `${publicKey.comment || publicKey.type} of the agent (${fingerprint(publicKey.getPublicSSH())})`,
    publicKey,
    sign: (data, hash) => signWithAgent(agent, publicKey, data, hash),
  }));
}

function signWithAgent(
  agent: BaseAgent,
  key: ParsedKey,
  data: Buffer,
  hash: string | undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    agent.sign(key, data, hash === undefined ? {} : { hash: hash as 'sha256' }, (error, signature) => {
      if (error || signature === undefined) reject(new Error('the agent refuses to sign with it'));
      else resolve(signature as Buffer);
    });
  });
}

/** A key of a file; without `sign` it only names one that an agent may have. */
type FileKey = Omit<Identity, 'sign'> & Partial<Pick<Identity, 'sign'>>;

/** The files that are tried as keys without an IdentityFile. */
const USUAL_KEY = /\/\.ssh\/id_(rsa|ecdsa|ed25519)$/;

function keyInFile(file: string, ask: Ask | undefined, notes: string[]): FileKey | undefined {
  const text = readKey(file, notes);
  const besides = () => parsed(readKey(`${file}.pub`, []) ?? '')[0];
  const entry = (publicKey: ParsedKey) => ({
    label: `${file} (${fingerprint(publicKey.getPublicSSH())})`,
    publicKey,
  });
  if (text === undefined) {
    const publicKey = besides();
    if (publicKey === undefined && !USUAL_KEY.test(file)) notes.push(`${file} does not exist`);
    return publicKey && entry(publicKey);
  }
  const [key] = parsed(text);
  if (key?.isPrivateKey()) return { ...entry(key), sign: async (data, hash) => signed(key, data, hash) };
  if (key) return entry(key);
  const publicKey = besides() ?? parsed(encryptedPublicKey(text) ?? '')[0];
  if (publicKey === undefined) {
    notes.push(
      `${file} is not a readable key; \`ssh-keygen -p -f ${file}\` converts it to the current format`,
    );
    return undefined;
  }
  if (!/ENCRYPTED|OPENSSH/.test(text)) return entry(publicKey);
  return { ...entry(publicKey), sign: lockedKey(file, text, ask) };
}

const ATTEMPTS = 3;

/** Asks for the passphrase when it is needed, and once only. */
function lockedKey(file: string, text: string, ask: Ask | undefined): Identity['sign'] {
  let open: ParsedKey | undefined;
  return async (data, hash) => {
    for (let attempt = 0; open === undefined && attempt < ATTEMPTS; attempt++) {
      if (ask === undefined) {
        throw new Error(
          `it has a passphrase, and there is no terminal to ask for it; run \`ssh-add ${file}\` first`,
        );
      }
      const passphrase = await ask(`Passphrase of ${file}: `, { echo: false });
      if (passphrase !== '') open = parsed(text, passphrase)[0];
    }
    if (open === undefined) throw new Error('wrong passphrase');
    return signed(open, data, hash);
  };
}

function signed(key: ParsedKey, data: Buffer, hash: string | undefined): Buffer {
  const signature: Buffer | Error = key.sign(data, hash);
  if (signature instanceof Error) throw signature;
  return signature;
}

function readKey(file: string, notes: string[]): string | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    notes.push(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
    return undefined;
  }
}

/** Nothing where it is no key, or one with another passphrase. */
function parsed(key: ParsedKey | Buffer | string, passphrase?: string): readonly ParsedKey[] {
  const result = ssh2.utils.parseKey(key as Buffer, passphrase) as ParsedKey | readonly ParsedKey[] | Error;
  if (result instanceof Error) return [];
  return Array.isArray(result) ? (result as readonly ParsedKey[]).slice(0, 1) : [result as ParsedKey];
}
