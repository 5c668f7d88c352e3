import { randomBytes } from 'node:crypto';
import type { Client, ClientChannel } from 'ssh2';
import { plainText } from '../plain-text.ts';
import { ConnectionLost, Exchange } from './exchange.ts';
import { MarkScanner, type Piece } from './mark-scanner.ts';
import { sentProgram, shellLoop } from './program.ts';

/** What rc files say is kept to this length, for the case that nothing else comes. */
const MOST_NOISE = 4096;

/**
 * A bash on the login node that runs programs one after the other: an exchange costs one round trip. The login shell
 * sees the words `bash --norc -p` and nothing else, whichever shell it is.
 */
export class RemoteShell {
  /** The home folder there. */
  readonly home: string;
  readonly #channel: ClientChannel;
  readonly #sentinel: string;
  readonly #pid: number;
  readonly #pending: Exchange[] = [];
  #closed = false;

  private constructor(channel: ClientChannel, sentinel: string, pid: number, home: string) {
    this.#channel = channel;
    this.#sentinel = sentinel;
    this.#pid = pid;
    this.home = home;
  }

  /**
   * `folders`: put first on PATH; `~` is the home there. Rejects with ConnectionLost, and with what the login shell said
   * where there is no bash.
   */
  static open(client: Client, folders: readonly string[]): Promise<RemoteShell> {
    return new Promise((resolve, reject) => {
      client.exec('bash --norc -p', (error, channel) => {
        if (error) {
          reject(new ConnectionLost(error.message));
          return;
        }
        const sentinel = randomBytes(16).toString('hex');
        const scanner = new MarkScanner(sentinel);
        let shell: RemoteShell | undefined;
        let noise = '';
        const hear = (bytes: Buffer) => {
          if (noise.length < MOST_NOISE) noise += bytes.toString('utf8');
        };
        channel.on('data', (chunk: Buffer) => {
          for (const piece of scanner.push(chunk)) {
            const [, pid, home] = ('mark' in piece && /^! shell (\d+) (.*)$/.exec(piece.mark)) || [];
            if (shell) shell.#take(piece);
            else if (pid !== undefined && home !== undefined) {
              shell = new RemoteShell(channel, sentinel, Number(pid), home);
              resolve(shell);
            } else if ('bytes' in piece) hear(piece.bytes);
          }
        });
        channel.stderr.on('data', hear);
        channel.on('close', () => {
          reject(new ConnectionLost(noise.trim().split('\n').map(plainText).join('\n')));
          if (shell) shell.#end();
        });
        channel.write(shellLoop(sentinel, folders));
      });
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Programs that wait or run. */
  get load(): number {
    return this.#pending.length;
  }

  /** Something that may take its time is among them. */
  get busy(): boolean {
    return this.#pending.some(({ long }) => long);
  }

  /** When all that has been sent is answered, or lost. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#pending.map(({ answer }) => answer));
  }

  run(program: string, long: boolean): Exchange {
    const exchange = new Exchange(this.#pid, long);
    if (this.#closed) exchange.lose('the connection was closed');
    else {
      this.#pending.push(exchange);
      this.#channel.write(sentProgram(program, this.#sentinel));
    }
    return exchange;
  }

  #take(piece: Piece): void {
    const [current] = this.#pending;
    if ('bytes' in piece) current?.bytes(piece.bytes);
    else if (current?.mark(piece.mark)) this.#pending.shift();
  }

  #end(): void {
    this.#closed = true;
    for (const exchange of this.#pending.splice(0)) exchange.lose('the connection was closed');
  }
}
