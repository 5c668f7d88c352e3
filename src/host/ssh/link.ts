import type { Duplex } from 'node:stream';
import type { ClientChannel, ExecOptions } from 'ssh2';
import { DynSlurmError } from '../../errors.ts';
import type { Connected } from './connect.ts';
import { ConnectionLost, type Exchange } from './exchange.ts';
import { RemoteShell } from './remote-shell.ts';

export interface LinkOptions {
  /** How messages name the host. */
  readonly name: string;
  /** Folders put first on PATH there. */
  readonly folders: readonly string[];
  /** Hears of every login and every exchange, never of what is in them. */
  readonly trace: (text: string) => void;
}

/** Below OpenSSH's MaxSessions, which is 10. */
const MOST_SHELLS = 6;

/** A connection that is logged in, and the shells on it. */
export class Link {
  readonly #connected: Connected;
  readonly #options: LinkOptions;
  /** Those that are being opened too; undefined for one that was refused. */
  readonly #opened = new Set<Promise<RemoteShell | undefined>>();
  #most = MOST_SHELLS;
  #open = true;

  constructor(connected: Connected, options: LinkOptions) {
    this.#connected = connected;
    this.#options = options;
    connected.client.on('close', () => {
      if (this.#open) options.trace(`lost the connection to ${options.name}`);
      this.close();
    });
  }

  get open(): boolean {
    return this.#open;
  }

  /** The home folder there. */
  async home(): Promise<string> {
    const [shell] = await this.#shells();
    if (shell) return shell.home;
    try {
      return (await this.#newShell()).home;
    } catch (error) {
      if (!this.#open || !(error instanceof ConnectionLost)) throw error;
      const said = error.message === '' ? '' : `\n${error.message}`;
      throw new DynSlurmError('connection', `cannot start bash on ${this.#options.name}${said}`, {
        hint: 'dyn-slurm needs an account for which `ssh HOST bash` works',
      });
    }
  }

  /** Sends a program. `label` says for the trace what it does. */
  async run(program: string, label: string, long = false): Promise<Exchange> {
    const { trace } = this.#options;
    const exchange = await this.#send(program, long);
    const start = Date.now();
    exchange.answer.then(
      () => trace(`${label} (${Date.now() - start} ms)`),
      () => trace(`${label}: no answer`),
    );
    return exchange;
  }

  /** A stream to an address that the host can reach. */
  dial(address: string, port: number): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      this.#connected.client.forwardOut('127.0.0.1', 0, address, port, (error, stream) => {
        if (error) reject(this.#open ? error : new ConnectionLost(error.message));
        else resolve(stream);
      });
    });
  }

  /** A command of the login shell, with input and output of its own. */
  channel(command: string, options: ExecOptions): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      this.#connected.client.exec(command, options, (error, channel) => {
        if (error) reject(this.#open ? error : new ConnectionLost(error.message));
        else resolve(channel);
      });
    });
  }

  close(): void {
    this.#open = false;
    this.#connected.close();
  }

  /** To an idle shell, or one where a short program has only short ones before it, or a new one. */
  async #send(program: string, long: boolean): Promise<Exchange> {
    for (;;) {
      if (!this.#open) throw new ConnectionLost('the connection was closed');
      const shells = await this.#shells();
      const idle = shells.find(({ load }) => load === 0);
      const found = idle ?? (long ? undefined : shells.find(({ busy }) => !busy));
      // Nothing may come between the choice and the sending.
      if (found) return found.run(program, long);
      if (this.#opened.size >= this.#most) await Promise.race(shells.map((shell) => shell.idle()));
      else await this.#anotherShell(shells.length);
    }
  }

  async #anotherShell(have: number): Promise<void> {
    try {
      await this.#newShell();
    } catch (error) {
      if (have === 0 || !this.#open) throw error;
      // This server allows fewer sessions.
      this.#most = have;
    }
  }

  async #newShell(): Promise<RemoteShell> {
    if (!this.#open) throw new ConnectionLost('the connection was closed');
    const made = RemoteShell.open(this.#connected.client, this.#options.folders);
    const kept = made.catch(() => undefined);
    this.#opened.add(kept);
    const shell = await kept;
    if (shell === undefined) this.#opened.delete(kept);
    return made;
  }

  async #shells(): Promise<readonly RemoteShell[]> {
    const open: RemoteShell[] = [];
    for (const made of [...this.#opened]) {
      const shell = await made;
      if (shell === undefined || shell.closed) this.#opened.delete(made);
      else open.push(shell);
    }
    return open;
  }
}
