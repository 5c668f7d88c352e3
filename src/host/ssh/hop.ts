import { isAbsolute, join } from 'node:path';
import { DynSlurmError } from '../../errors.ts';
import { type ConfigFiles, type ConfigPlaces, type HostSettings, readHostSettings } from './config-file.ts';

/** One ssh server on the way, with what ssh's configuration says of it. Paths are absolute. */
export interface Hop {
  /** As the user or ProxyJump calls it. */
  readonly alias: string;
  /** Name or address to connect to. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Private keys, or public ones of keys that an agent has, in the order in which they are tried. */
  readonly identityFiles: readonly string[];
  /** The files were named, rather than being the usual ones. */
  readonly identitiesNamed: boolean;
  readonly identitiesOnly: boolean;
  /** Socket of the agent. */
  readonly agent: string | undefined;
  /** What known_hosts calls it, without a port: HostKeyAlias, else `host`. */
  readonly keyName: string;
  /** A HostKeyAlias stands for all ports. */
  readonly keyNameHasPort: boolean;
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

export interface Route {
  /** The last one is the login node. */
  readonly hops: readonly Hop[];
  /** `FILE: Match …` of blocks that were passed over. */
  readonly passedOver: readonly string[];
}

export interface Traveller extends ConfigPlaces {
  /** Name of the user here. */
  readonly user: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Seconds without a word from the server after which it is asked for one; three unanswered ones end a connection. */
const KEEP_ALIVE = 10;
const CONNECT_TIMEOUT = 20;
const MOST_HOPS = 8;
const USUAL_KEYS = ['id_rsa', 'id_ecdsa', 'id_ed25519'];

/** The way to `[user@]host[:port]`. @throws DynSlurmError `config` where ssh's configuration is wrong, or asks too much. */
export function findRoute(destination: string, traveller: Traveller, files: ConfigFiles): Route {
  const passedOver = new Set<string>();
  const hops = route(parseDestination(destination), true, 1);
  return { hops, passedOver: [...passedOver] };

  function route(to: Destination, ownJumps: boolean, depth: number): readonly Hop[] {
    if (depth > MOST_HOPS) throw wrong(to.host, `more than ${MOST_HOPS} hosts on the way`);
    const settings = readHostSettings(to.host, traveller, files);
    for (const block of settings.passedOver) passedOver.add(block);
    // `Host *` with a ProxyJump is meant for all but the bastion itself.
    const jumps = ownJumps ? jumpsOf(settings, to.host).filter(({ host }) => host !== to.host) : [];
    // The first one may need jumps of its own; the others are reached from the one before.
    const before = jumps.flatMap((jump, index) => route(jump, index === 0, depth + 1));
    const all = [...before, hopOf(to, settings, traveller)];
    if (all.length > MOST_HOPS) throw wrong(to.host, `more than ${MOST_HOPS} hosts on the way`);
    return all;
  }
}

interface Destination {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

/** `user@host:port`, `ssh://user@host:port`, `[address]:port`. */
function parseDestination(text: string): Destination {
  const form = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+|[0-9a-f:]{2,}))(?::(\d+))?\/?$/i.exec(text);
  const host = form?.[2] ?? form?.[3];
  if (form === null || host === undefined) throw wrong(text, 'this is no [user@]host[:port]');
  const [, user, , , port] = form;
  return { host, ...(user !== undefined && { user }), ...(port !== undefined && { port: Number(port) }) };
}

function jumpsOf(settings: HostSettings, alias: string): readonly Destination[] {
  const jump = first(settings, 'proxyjump');
  const command = first(settings, 'proxycommand');
  if (jump !== undefined && jump.toLowerCase() !== 'none') {
    return jump.split(',').map((word) => parseDestination(word.trim()));
  }
  if (jump === undefined && command !== undefined && command.toLowerCase() !== 'none') {
    const bastion = /^ssh\s+(?:-q\s+)?-W\s+\[?%h\]?:%p\s+(?:-q\s+)?(\S+)$/.exec(command)?.[1];
    const hint = `for dyn-slurm, write \`ProxyJump ${bastion ?? 'BASTION'}\` instead`;
    throw wrong(alias, 'ProxyCommand is not run', hint);
  }
  return [];
}

function hopOf(to: Destination, settings: HostSettings, { home, user: here, env }: Traveller): Hop {
  const alias = to.host;
  const get = (keyword: string) => first(settings, keyword);
  const host = (get('hostname') ?? alias).replaceAll('%h', alias).replaceAll('%%', '%');
  const user = to.user ?? get('user') ?? here;
  const port = to.port ?? whole(settings, 'port', alias) ?? 22;
  const tokens: Readonly<Record<string, string>> = {
    '%': '%',
    d: home,
    h: host,
    k: get('hostkeyalias') ?? alias,
    n: alias,
    p: String(port),
    r: user,
    u: here,
  };
  const path = (word: string) => {
    const expanded = word.replace(/%(.)/g, (all, token: string) => tokens[token] ?? all);
    if (expanded === '~' || expanded.startsWith('~/')) return join(home, expanded.slice(1));
    return isAbsolute(expanded) ? expanded : join(home, '.ssh', expanded);
  };
  const paths = (words: readonly string[]) => words.filter((word) => word !== 'none').map(path);
  const named = (settings.lines.get('identityfile') ?? []).flat();
  const preferred = get('preferredauthentications')?.toLowerCase().split(',');
  return {
    alias,
    host,
    port,
    user,
    identityFiles: paths(named.length > 0 ? named : USUAL_KEYS.map((name) => `~/.ssh/${name}`)),
    identitiesNamed: named.length > 0,
    identitiesOnly: get('identitiesonly')?.toLowerCase() === 'yes',
    agent: agentSocket(get('identityagent'), env, path),
    keyName: (get('hostkeyalias') ?? host).toLowerCase(),
    keyNameHasPort: get('hostkeyalias') === undefined,
    knownHosts: paths([
      ...(settings.lines.get('userknownhostsfile')?.[0] ?? ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']),
      ...(settings.lines.get('globalknownhostsfile')?.[0] ?? [
        '/etc/ssh/ssh_known_hosts',
        '/etc/ssh/ssh_known_hosts2',
      ]),
    ]),
    keepAlive: seconds(settings, 'serveraliveinterval', alias) || KEEP_ALIVE,
    keepAliveCount: whole(settings, 'serveralivecountmax', alias) ?? 3,
    connectTimeout: seconds(settings, 'connecttimeout', alias) || CONNECT_TIMEOUT,
    preferred,
  };
}

function agentSocket(
  word: string | undefined,
  env: Traveller['env'],
  path: (word: string) => string,
): string | undefined {
  if (word === undefined || word === 'SSH_AUTH_SOCK') return env.SSH_AUTH_SOCK || undefined;
  if (word.toLowerCase() === 'none') return undefined;
  return word.startsWith('$') ? env[word.slice(1)] || undefined : path(word);
}

function first(settings: HostSettings, keyword: string): string | undefined {
  return settings.lines.get(keyword)?.[0]?.join(' ');
}

function whole(settings: HostSettings, keyword: string, alias: string): number | undefined {
  const text = first(settings, keyword);
  if (text === undefined) return undefined;
  if (!/^\d{1,5}$/.test(text)) throw wrong(alias, `${keyword} ${text} is no number`);
  return Number(text);
}

/** `90`, `90s`, `1m30s`. */
function seconds(settings: HostSettings, keyword: string, alias: string): number | undefined {
  const text = first(settings, keyword)?.toLowerCase();
  if (text === undefined || text === 'none') return undefined;
  if (!/^(\d+[smhd]?)+$/.test(text)) throw wrong(alias, `${keyword} ${text} is no time`);
  const units = { '': 1, s: 1, m: 60, h: 3600, d: 86400 };
  return [...text.matchAll(/(\d+)([smhd]?)/g)]
    .map(([, count, unit]) => Number(count) * units[unit as keyof typeof units])
    .reduce((sum, part) => sum + part, 0);
}

function wrong(alias: string, problem: string, hint?: string): DynSlurmError {
  return new DynSlurmError(
    'config',
    `the way to ${alias}, by ssh’s configuration: ${problem}`,
    hint === undefined ? {} : { hint },
  );
}
