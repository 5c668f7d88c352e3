import type { Duplex } from 'node:stream';
import { followFile } from './follow.ts';
import type { Host } from './host.ts';
import type { RemoteFiles } from './ssh/files.ts';
import type { Ask } from './ssh/identity.ts';
import type { Session } from './ssh/session.ts';

export interface SshHostOptions {
  /** `[user@]host`, where `host` may be a name of ~/.ssh/config. */
  readonly destination: string;
  /** Folders to look in before PATH there; `~` is the home there. */
  readonly path: readonly string[];
  /** The caller's: tells the agent and the user; nothing of it is sent. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The caller's home. */
  readonly home: string;
  /** Undefined where there is no terminal. */
  readonly ask: Ask | undefined;
  /** Hears of every login and every exchange. */
  readonly trace: (text: string) => void;
  /** Ends every wait for the connection. */
  readonly signal: AbortSignal;
}

/** Runs commands and keeps files on a login node. Nothing is loaded, read or contacted before it is used. */
export function sshHost(options: SshHostOptions): Host {
  const name = options.destination;
  let opened: Promise<Opened> | undefined;
  const open = () => {
    opened ??= openSession(options);
    return opened;
  };
  const read: Host['read'] = async (path, offset, length) => (await open()).files.read(path, offset, length);
  return {
    name,
    exec: async (argv, execOptions) => {
      const { session, execRemotely } = await open();
      return execRemotely(session, name, argv, execOptions);
    },
    writeFiles: async (dir, files) => (await open()).files.write(dir, files),
    remove: async (dir) => (await open()).files.remove(dir),
    readText: async (path) => (await open()).files.readText(path),
    readTexts: async (paths) => (await open()).files.readTexts(paths),
    readEach: async (dir, file) => (await open()).files.readEach(dir, file),
    read,
    list: async (dir) => (await open()).files.list(dir),
    follow: (path, offset, signal) => followFile(read, path, offset, signal),
    resolve: async (path) => {
      if (path !== '~' && !path.startsWith('~/')) return path;
      const home = await (await open()).session.repeat((link) => link.home());
      return `${home}${path.slice(1)}`;
    },
    interact: async (argv, interactOptions) => {
      const { session } = await open();
      const { interactRemotely } = await import('./ssh/interact.ts');
      return interactRemotely(session, name, argv, interactOptions, options.path);
    },
    dial: async (address, port): Promise<Duplex> =>
      (await open()).session.repeat((link) => link.dial(address, port)),
  };
}

interface Opened {
  readonly session: Session;
  readonly files: RemoteFiles;
  readonly execRemotely: typeof import('./ssh/exec.ts').execRemotely;
}

async function openSession({ destination, path, env, home, ask, trace, signal }: SshHostOptions) {
  const [{ openSsh: openSshOf }, { findRoute }, { Session }, { RemoteFiles }, { execRemotely }] =
    await Promise.all([
      import('./ssh/openssh.ts'),
      import('./ssh/hop.ts'),
      import('./ssh/session.ts'),
      import('./ssh/files.ts'),
      import('./ssh/exec.ts'),
    ]);
  const openSsh = openSshOf(env, signal);
  const hops = await findRoute(destination, { home, env, openSsh });
  const session = new Session({ name: destination, hops, folders: path, env, openSsh, ask, trace, signal });
  return { session, files: new RemoteFiles(session, destination), execRemotely };
}
