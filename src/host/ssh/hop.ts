import { existsSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { DynSlurmError } from '../../errors.ts';
import { plainText } from '../plain-text.ts';
import type { OpenSsh } from './openssh.ts';

/** One ssh server on the way, as ssh's configuration describes it. */
export interface Hop {
  /** Name of the host in the cluster profile or ProxyJump. */
  readonly alias: string;
  /** Name or address to connect to. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Shell command whose input and output are the connection. */
  readonly proxyCommand: string | undefined;
  /** Private keys, or public ones of keys that an agent has, in the order in which they are tried. */
  readonly identityFiles: readonly string[];
  /** Certificates of users, which need not exist. */
  readonly certificateFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** Socket of the agent. */
  readonly agent: string | undefined;
  /** What known_hosts calls it: HostKeyAlias, else `host`, with a port that is not the usual one. */
  readonly knownName: string;
  /** ssh-keyscan finds its key: there is no hop before, no ProxyCommand and no HostKeyAlias. */
  readonly scannable: boolean;
  /** The user's come first, and the first of all is where a new key belongs. */
  readonly knownHosts: readonly string[];
  /** Seconds. */
  readonly keepAlive: number;
  readonly keepAliveCount: number;
  /** Seconds. */
  readonly connectTimeout: number;
  /** Login methods in the order of PreferredAuthentications; undefined where there is none. */
  readonly preferred: readonly string[] | undefined;
}

/** Who logs in. */
export interface Caller {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly openSsh: OpenSsh;
}

/** Seconds without a word from the server after which it is asked for one, without ServerAliveInterval. */
const KEEP_ALIVE = 10;
/** Seconds, without ConnectTimeout. A ProxyCommand may have a question for a person. */
const CONNECT_TIMEOUT = { usual: 20, command: 120 };
const MOST_HOPS = 8;

/** The way to `[user@]host`: the last hop is that host. @throws DynSlurmError `config` where `ssh -G` refuses it. */
export async function findRoute(destination: string, caller: Caller): Promise<readonly Hop[]> {
  return route(parseDestination(destination), true, 1);

  async function route(to: Destination, first: boolean, depth: number): Promise<readonly Hop[]> {
    if (depth > MOST_HOPS) throw wrong(to.host, `more than ${MOST_HOPS} jump hosts`);
    const settings = await readSettings(to, first, caller);
    const before: Hop[] = [];
    // The first one may need jumps of its own; the others are reached from the one before.
    const jumps = settings.get('proxyjump')?.split(',') ?? [];
    for (const [index, jump] of jumps.map(settings.expand).entries()) {
      before.push(...(await route(parseDestination(jump), index === 0, depth + 1)));
    }
    if (before.length >= MOST_HOPS) throw wrong(to.host, `more than ${MOST_HOPS} jump hosts`);
    return [...before, hopOf(settings, first && before.length === 0, caller)];
  }
}

interface Destination {
  readonly host: string;
  readonly user: string | undefined;
  readonly port: string | undefined;
}

/** Not what is an option to a program or means something to a shell: `Match exec` and ProxyCommand are run with names. */
const NAME = /^(?!-)[^\s\p{Cc}'"`$\\;&<>|(){},/@]+$/u;

/** `user@host:port`, `[address]:port`, `ssh://user@host:port`. */
function parseDestination(text: string): Destination {
  const form = /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[(.+)\]|([^:]+|[0-9a-f:]{2,}))(?::(\d+))?$/i.exec(text);
  const [, user, address, name, port] = form ?? [];
  const host = address ?? name ?? '';
  if (!NAME.test(host) || !NAME.test(user ?? 'me')) throw wrong(text, 'not of the form [user@]host[:port]');
  return { host, user, port };
}

/** What `ssh -G` says of a host. */
interface Settings {
  readonly alias: string;
  /** The values of a keyword, in order. */
  all(keyword: string): readonly string[];
  get(keyword: string): string | undefined;
  /** A text with its tokens replaced, but for %C: some values are printed as they stand in the configuration. */
  expand(text: string): string;
}

/** `first`: nothing has led to the host yet, so that its own ProxyJump and ProxyCommand count. */
async function readSettings(to: Destination, first: boolean, { home, openSsh }: Caller): Promise<Settings> {
  const config = join(home, '.ssh/config');
  const { stdout, stderr, exitCode } = await openSsh('ssh', [
    '-GT',
    ...(home === accountHome() ? [] : ['-F', existsSync(config) ? config : 'none']),
    ...(first ? [] : ['-o', 'ProxyCommand=none', '-o', 'ProxyJump=none']),
    ...(to.user === undefined ? [] : ['-l', to.user]),
    ...(to.port === undefined ? [] : ['-p', to.port]),
    '--',
    to.host,
  ]);
  if (exitCode !== 0) throw wrong(to.host, stderr.trim().split(/\r?\n/).map(plainText).join('\n  '));
  const lines = stdout.split('\n').map((line) => /^(\S+) (.*)$/.exec(line)?.slice(1) ?? []);
  const all = (keyword: string) => lines.flatMap(([name, value = '']) => (name === keyword ? [value] : []));
  const get = (keyword: string) => all(keyword)[0];
  const tokens = (): Readonly<Record<string, string | undefined>> => ({
    '%': '%',
    d: home,
    h: get('hostname'),
    i: String(userInfo().uid),
    k: get('hostkeyalias') ?? to.host,
    L: hostname().split('.', 1)[0],
    l: hostname(),
    n: to.host,
    p: get('port'),
    r: get('user'),
    u: userInfo().username,
  });
  const expand = (text: string) => text.replace(/%(.)/g, (as, token: string) => tokens()[token] ?? as);
  return { alias: to.host, all, get, expand };
}

/** The home that OpenSSH uses, whatever HOME is. */
function accountHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    // There is no such account, which ssh says, too.
    return undefined;
  }
}

/** Kinds of keys that ssh2 has not, in files where OpenSSH looks for them. */
const OTHER_KEYS = /^~\/\.ssh\/id_(ecdsa_sk|ed25519_sk|xmss|dsa)$/;

/** `near`: no hop comes before. */
function hopOf({ alias, all, get, expand }: Settings, near: boolean, { home, env }: Caller): Hop {
  const paths = (keyword: string) =>
    all(keyword)
      .filter((word) => word !== 'none' && !OTHER_KEYS.test(word))
      .map((word) => expand(word.replace(/^~(?=\/)/, home)))
      .map((word) => word.replace(/\$\{(\w+)\}/g, (_, name: string) => env[name] ?? ''));
  // These are paths already, with spaces between them; where HOME is not the home of the account, from there.
  const theirs = `${accountHome()}/.ssh/`;
  const knownHosts = ['userknownhostsfile', 'globalknownhostsfile']
    .flatMap((keyword) => get(keyword)?.split(/ (?=\/)/) ?? [])
    .filter((path) => path !== 'none')
    .map((path) => (path.startsWith(theirs) ? join(home, '.ssh', path.slice(theirs.length)) : path));
  const host = get('hostname') ?? alias;
  const port = Number(get('port'));
  const keyAlias = get('hostkeyalias');
  const proxyCommand = get('proxycommand');
  const identityFiles = paths('identityfile');
  return {
    alias,
    host,
    port,
    user: get('user') ?? '',
    proxyCommand: proxyCommand && expand(proxyCommand),
    identityFiles,
    certificateFiles: [...paths('certificatefile'), ...identityFiles.map((file) => `${file}-cert.pub`)],
    identitiesOnly: get('identitiesonly') === 'yes',
    agent: agentSocket(get('identityagent'), env),
    knownName: (keyAlias ?? (port === 22 ? host : `[${host}]:${port}`)).toLowerCase(),
    scannable: near && proxyCommand === undefined && keyAlias === undefined,
    knownHosts,
    keepAlive: Number(get('serveraliveinterval')) || KEEP_ALIVE,
    keepAliveCount: Number(get('serveralivecountmax')),
    connectTimeout:
      Number(get('connecttimeout')) || CONNECT_TIMEOUT[proxyCommand === undefined ? 'usual' : 'command'],
    preferred: get('preferredauthentications')?.split(','),
  };
}

function agentSocket(word: string | undefined, env: Caller['env']): string | undefined {
  if (word === 'none') return undefined;
  if (word === undefined || word === 'SSH_AUTH_SOCK') return env.SSH_AUTH_SOCK || undefined;
  return word.startsWith('$') ? env[word.slice(1)] || undefined : word;
}

function wrong(alias: string, problem: string): DynSlurmError {
  return new DynSlurmError('config', `the ssh configuration for ${alias}: ${problem}`);
}
