import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import ssh2, { type AuthContext, type Connection, type KeyboardAuthContext, type ServerChannel } from 'ssh2';
import { onTestFinished } from 'vitest';
import type { Host } from '../../../../src/host/host.ts';
import { sshHost } from '../../../../src/host/ssh.ts';
import { temporaryFolder } from '../../../world.ts';

export interface ServerOptions {
  /** The login shell; default /bin/sh. */
  readonly shell?: string;
  /** What the shell runs before its command, as an rc file would. */
  readonly rc?: string;
  /** Decides about an attempt to log in: true, or what the server would go on with. Default: any key. */
  readonly login?: (attempt: AuthContext, count: number) => true | readonly string[];
  /** Asked with keyboard-interactive. */
  readonly questions?: readonly { readonly prompt: string; readonly echo: boolean }[];
  readonly mostSessions?: number;
}

/** An ssh server of this machine's own, whose commands run here, in a home of their own. */
export interface TestServer {
  readonly port: number;
  /** The home of whoever logs in. */
  readonly home: string;
  /** The home of the caller, with a key, and a configuration where the server is `login`. */
  readonly here: string;
  /** Words that the login shell was given, in order. */
  readonly commands: readonly string[];
  /** Attempts to log in, by method. */
  readonly attempts: readonly string[];
  /** What was answered to questions. */
  readonly answers: string[];
  readonly logins: number;
  readonly shells: readonly ChildProcess[];
  /** Cuts every connection, as a network does. */
  drop(): void;
  /** Stops reading and writing, and keeps every connection. */
  freeze(): void;
  close(): Promise<void>;
  open(): Promise<void>;
}

/** Must be called within a test, and ends with it. */
export async function testServer(options: ServerOptions = {}): Promise<TestServer> {
  const { shell = '/bin/sh', rc = '', questions = [], mostSessions = 10 } = options;
  const { login = (attempt: AuthContext) => attempt.method === 'publickey' || ['publickey'] } = options;
  const [home, here] = [temporaryFolder(), temporaryFolder()];
  const hostKey = newKey('ed25519');
  const ownKey = newKey('ed25519');
  const sockets = new Set<Connection>();
  const state = { commands: [] as string[], attempts: [] as string[], answers: [] as string[], logins: 0 };
  const shells: ChildProcess[] = [];

  const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) => {
    sockets.add(client);
    let sessions = 0;
    let count = 0;
    client.on('error', () => {});
    client.on('close', () => sockets.delete(client));
    client.on('authentication', async (attempt) => {
      if (attempt.method === 'publickey' && !attempt.signature) return attempt.accept();
      state.attempts.push(attempt.method);
      if (attempt.method === 'keyboard-interactive' && questions.length > 0) {
        state.answers.push(...(await ask(attempt, questions)));
      }
      if (attempt.method === 'password') state.answers.push(attempt.password);
      const verdict = login(attempt, count++);
      if (verdict === true) attempt.accept();
      else attempt.reject([...verdict] as never, false);
    });
    client.on('ready', () => {
      state.logins++;
      client.on('session', (accept, refuse) => {
        if (++sessions > mostSessions) return refuse();
        accept().on('exec', (acceptExec, _refuse, { command }) => {
          state.commands.push(command);
          const env = {
            PATH: process.env.PATH,
            HOME: home,
            SSH_CLIENT: 'x',
            SBATCH_PARTITION: 'wrong',
            LANG: 'C',
          };
          const child = spawn(shell, ['-c', `${rc}${command}`], { env, cwd: home });
          shells.push(child);
          attach(child, acceptExec());
        });
      });
      client.on('tcpip', (accept, refuse, { destPort }) => {
        if (destPort !== 7) return refuse();
        const stream = accept();
        stream.pipe(stream);
      });
    });
  });

  const listen = (port: number) =>
    new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const each = (act: (socket: Socket) => void) => {
    for (const client of sockets) act((client as unknown as { readonly _sock: Socket })._sock);
  };
  const drop = () => each((socket) => socket.destroy());
  const freeze = () => each((socket) => socket.pause());
  onTestFinished(() => {
    drop();
    server.close();
    for (const child of shells) child.kill('SIGKILL');
  });

  mkdirSync(join(here, '.ssh'));
  writeFileSync(join(here, '.ssh/id_ed25519'), ownKey.private, { mode: 0o600 });
  const known = hostKey.public.split(' ').slice(0, 2).join(' ');
  writeFileSync(join(here, '.ssh/known_hosts'), `[127.0.0.1]:${port} ${known}\n`);
  const config = `Host login\n HostName 127.0.0.1\n Port ${port}\n User ada\n ConnectTimeout 5\n`;
  writeFileSync(join(here, '.ssh/config'), `${config}GlobalKnownHostsFile none\n`);
  return {
    ...{ port, home, here, shells, drop, freeze },
    commands: state.commands,
    attempts: state.attempts,
    answers: state.answers,
    get logins() {
      return state.logins;
    },
    close: () => new Promise((resolve) => void server.close(() => resolve())),
    open: () => listen(port),
  };
}

/** A key in OpenSSH's form. ssh2 makes one now and then that it cannot read itself. */
export function newKey(
  kind: 'ed25519' | 'ecdsa' | 'rsa',
  options: { readonly passphrase?: string; readonly bits?: number } = {},
) {
  for (;;) {
    const key = ssh2.utils.generateKeyPairSync(kind, options as never);
    if (!(ssh2.utils.parseKey(key.private, options.passphrase) instanceof Error)) return key;
  }
}

/** Programs leave their output behind them: a channel ends after the last of it. */
function attach(child: ChildProcess, channel: ServerChannel): void {
  if (!child.stdin || !child.stdout || !child.stderr) throw new Error('a shell without pipes');
  child.stdin.on('error', () => {});
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.on('close', (code, signal) => {
    if (signal) channel.exit(signal.slice(3));
    else channel.exit(code ?? 0);
    channel.end();
  });
  channel.on('error', () => {});
}

function ask(
  attempt: KeyboardAuthContext,
  questions: NonNullable<ServerOptions['questions']>,
): Promise<readonly string[]> {
  return new Promise((resolve) => {
    attempt.prompt([...questions], 'Two factors', 'Have your token ready.', resolve);
  });
}

export interface TestHost extends Host {
  /** What was traced, without times. */
  readonly traced: readonly string[];
}

export type Answers = (question: string, echo: boolean) => string;

/** A host at the other end of a test server's connection. */
export function hostAt({ here }: TestServer, answers?: Answers, env = {}, signal?: AbortSignal): TestHost {
  const traced: string[] = [];
  const host = sshHost({
    destination: 'login',
    path: ['~/bin'],
    env: { PATH: process.env.PATH, ...env },
    home: here,
    ask: answers && (async (question, { echo }) => answers(question, echo)),
    trace: (text) => void traced.push(text.replace(/ \(\d+ ms\)$/, '')),
    signal: signal ?? new AbortController().signal,
  });
  return { ...host, traced };
}
