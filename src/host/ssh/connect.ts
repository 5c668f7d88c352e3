import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, { type Client, type ServerHostKeyAlgorithm } from 'ssh2';
import { DynSlurmError } from '../../errors.ts';
import { onAbort, unlessAborted } from '../on-abort.ts';
import { plainText } from '../plain-text.ts';
import { timeLimit } from '../time-limit.ts';
import type { Hop } from './hop.ts';
import { keyAlgorithms, keyRefusal } from './host-key.ts';
import { type Ask, findIdentities } from './identity.ts';
import { findKnownKeys, judgeKey, type KnownKey } from './known-hosts.ts';
import { Login } from './login.ts';
import type { OpenSsh } from './openssh.ts';
import { runProxyCommand } from './proxy-command.ts';

/** The cause of an error that may pass, such as a network that is away. */
export class Unreachable extends Error {}

/** A way to the login node that is open and logged in. */
export interface Connected {
  readonly client: Client;
  close(): void;
}

export interface LoginOptions {
  /** Undefined where nothing may be asked. */
  readonly ask: Ask | undefined;
  /** Ends every wait for a connection. */
  readonly signal: AbortSignal;
  /** The caller's, for a ProxyCommand. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly openSsh: OpenSsh;
}

/**
 * Logs in to each hop through the one before. Closing any of them closes all.
 * @throws DynSlurmError `connection` that names the hop, the step and what to do; `interrupted` on abort.
 */
export async function connectThrough(hops: readonly Hop[], options: LoginOptions): Promise<Connected> {
  const clients: Client[] = [];
  const close = () => {
    for (const client of clients.toReversed()) client.destroy();
  };
  try {
    for (const [index, hop] of hops.entries()) {
      const before = clients.at(-1);
      const known = await findKnownKeys(hop, options.openSsh);
      if (hop.proxyCommand !== undefined) {
        clients.push(await logInByCommand(hop, hop.proxyCommand, known, options));
        continue;
      }
      const socket = before
        ? await through(before, hops[index - 1] ?? hop, hop, options.signal)
        : await reach(hop, options.signal);
      clients.push(await logIn(hop, socket, known, options));
    }
  } catch (error) {
    close();
    throw error;
  }
  const client = clients.at(-1);
  if (client === undefined) throw new Error('a route needs a hop');
  return { client, close };
}

async function reach(hop: Hop, signal: AbortSignal): Promise<Socket> {
  const socket = connectSocket({ host: hop.host, port: hop.port, noDelay: true });
  // Nobody else listens until the login begins, and such an error would end the process.
  socket.on('error', () => {});
  // The connection itself outlives an interrupt: what is under way may need it to come to its end.
  const stop = AbortSignal.any([signal, timeLimit(hop.connectTimeout * 1000)]);
  const reached = await unlessAborted(once(socket, 'connect'), stop, 0).catch((error) => {
    throw unreachable(hop, error.message, error.code);
  });
  if (reached) return socket;
  socket.destroy();
  throw signal.aborted ? interrupted(hop) : unreachable(hop, 'no answer', 'ETIMEDOUT');
}

function through(client: Client, before: Hop, hop: Hop, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(interrupted(hop)));
    client.forwardOut('127.0.0.1', 0, hop.host, hop.port, (error, stream) => {
      forget();
      if (error) {
        reject(unreachable(hop, `${before.alias} says: ${plainText(error.message)}`, undefined));
        return;
      }
      // A bastion passes on that the server has closed its side, and waits for ours.
      stream.on('end', () => stream.destroy());
      resolve(stream);
    });
  });
}

async function logInByCommand(
  hop: Hop,
  command: string,
  known: readonly KnownKey[],
  options: LoginOptions,
): Promise<Client> {
  const proxy = runProxyCommand(command, options.env, options.ask === undefined);
  try {
    return await logIn(hop, proxy.stream, known, options);
  } catch (error) {
    const fate = await proxy.fate();
    if (!(error instanceof DynSlurmError && error.cause instanceof Unreachable && fate)) throw error;
    throw unreachable(hop, fate, undefined);
  }
}

function unreachable(hop: Hop, why: string, code: string | undefined): DynSlurmError {
  const hint =
    code === 'ENOTFOUND' || code === 'EAI_AGAIN'
      ? 'check the hostname in the cluster profile and in ~/.ssh/config, and that you are on the right network'
      : 'check that you are on the right network, and ProxyJump in ~/.ssh/config if there is a bastion in between';
  return new DynSlurmError('connection', `cannot reach ${hop.alias} (${hop.host}:${hop.port}): ${why}`, {
    hint,
    cause: new Unreachable(why),
  });
}

function interrupted(hop: Hop): DynSlurmError {
  return new DynSlurmError('interrupted', `interrupted while logging in to ${hop.alias}`);
}

async function logIn(
  hop: Hop,
  socket: Duplex,
  known: readonly KnownKey[],
  { ask, signal }: LoginOptions,
): Promise<Client> {
  const deadline = new Deadline(hop.connectTimeout * 1000);
  const patiently: Ask | undefined = ask && ((...question) => deadline.without(() => ask(...question)));
  const login = new Login(hop, await findIdentities(hop, patiently), patiently);
  const client = new ssh2.Client();
  let refusal: DynSlurmError | undefined;
  let forget = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (error: unknown) => reject(refusal ?? login.failure ?? error);
      forget = onAbort(signal, () => reject(interrupted(hop)));
      deadline.start(() =>
        fail(unreachable(hop, 'the server stopped responding during the login', 'ETIMEDOUT')),
      );
      client.on('ready', resolve);
      client.on('banner', (text) => login.banner(text));
      client.on('close', () =>
        fail(unreachable(hop, 'the connection was closed during the login', undefined)),
      );
      client.on('error', (error) => {
        if (error.level === 'agent' && login.failure === undefined) return;
        fail(error.level === 'client-authentication' ? login.error() : brokenOff(hop, error));
      });
      client.connect({
        sock: socket as Socket,
        username: hop.user,
        readyTimeout: 0,
        keepaliveInterval: hop.keepAlive * 1000,
        keepaliveCountMax: hop.keepAliveCount,
        algorithms: {
          serverHostKey: keyAlgorithms(known.map(({ type }) => type)) as ServerHostKeyAlgorithm[],
        },
        hostVerifier: (key: Buffer) => {
          refusal = keyRefusal(key, judgeKey(key, known), hop);
          return refusal === undefined;
        },
        // The handler is not told what a server offers after it refused a key, or took it as the first of two factors.
        debug: (text) => {
          const methods = /^Inbound: Received USERAUTH_FAILURE \((.*)\)$/.exec(text)?.[1];
          if (methods !== undefined) login.offers(methods.split(',').filter(Boolean));
        },
        authHandler: (_methods, _partial, next) => {
          deadline.renew();
          login.next().then(
            (attempt) => next(attempt as Exclude<typeof attempt, false>),
            (error) => fail(error),
          );
        },
      });
    });
  } catch (error) {
    client.removeAllListeners().on('error', () => {});
    client.destroy();
    socket.destroy();
    throw error;
  } finally {
    forget();
    deadline.stop();
  }
  client.removeAllListeners('close').removeAllListeners('error');
  // What follows an error is a close, which whoever uses the connection sees.
  client.on('error', () => {});
  return client;
}

function brokenOff(hop: Hop, error: Error): DynSlurmError {
  const said = plainText(error.message.split('\n')[0] ?? '');
  const refused = /too many authentication failures/i.test(said);
  const hint = refused
    ? `the agent offers more keys than the server accepts: select the right one for ${hop.alias} in ~/.ssh/config, with IdentityFile and IdentitiesOnly`
    : `check whether \`ssh ${hop.user}@${hop.alias}\` can log in`;
  return new DynSlurmError('connection', `cannot log in to ${hop.alias} as ${hop.user}: ${said}`, {
    hint,
    cause: refused ? error : new Unreachable(error.message),
  });
}

/** Time in which something must happen, except while a person thinks. */
class Deadline {
  readonly #milliseconds: number;
  #timer: NodeJS.Timeout | undefined;
  #onEnd = () => {};
  #paused = false;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  start(onEnd: () => void): void {
    this.#onEnd = onEnd;
    this.renew();
  }

  renew(): void {
    this.stop();
    if (!this.#paused) this.#timer = setTimeout(this.#onEnd, this.#milliseconds);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async without<T>(wait: () => Promise<T>): Promise<T> {
    this.#paused = true;
    this.stop();
    try {
      return await wait();
    } finally {
      this.#paused = false;
      this.renew();
    }
  }
}
