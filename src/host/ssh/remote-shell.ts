import { randomBytes } from 'node:crypto';
import type { Client, ClientChannel } from 'ssh2';
import { plainText } from '../plain-text.ts';
import { ConnectionLost, Exchange } from './exchange.ts';
import { MarkScanner, type Piece } from './mark-scanner.ts';
import { shellLoop } from './program.ts';

/** What rc files say is kept to this length, for the case that nothing else comes. */
const MOST_NOISE = 4096;

/**
 * A bash on the login node that runs programs one after the other: an exchange costs one round trip. The login shell
 * sees the words `bash --norc -p` and nothing else, whichever shell it is.
 */
export class RemoteShell {
  /** The home folder there. Rejects with ConnectionLost, and with what the login shell said, where there is no bash. */
  readonly home: Promise<string>;
  readonly #channel: ClientChannel;
  /** The exchanges whose output is yet to end, on either stream. */
  readonly #out: Exchange[] = [];
  readonly #err: Exchange[] = [];
  #noise = '';
  #closed = false;

  private constructor(channel: ClientChannel, folders: readonly string[]) {
    this.#channel = channel;
    const sentinel = randomBytes(16).toString('hex');
    const out = new MarkScanner(sentinel);
    const err = new MarkScanner(sentinel);
    this.home = new Promise((resolve, reject) => {
      channel.on('data', (chunk: Buffer) => {
        for (const piece of out.push(chunk)) {
          if ('mark' in piece && piece.mark.startsWith(HOME)) resolve(piece.mark.slice(HOME.length));
          else this.#takeOut(piece);
        }
      });
      channel.stderr.on('data', (chunk: Buffer) => {
        for (const piece of err.push(chunk)) this.#takeErr(piece);
      });
      channel.on('close', () => {
        this.#closed = true;
        reject(new ConnectionLost(this.#noise.trim()));
        for (const exchange of new Set([...this.#out, ...this.#err])) exchange.lose('the connection ended');
      });
    });
    this.home.catch(() => {});
    channel.write(shellLoop(sentinel, folders));
  }

  /** `folders`: put first on PATH; `~` is the home there. */
  static open(client: Client, folders: readonly string[]): Promise<RemoteShell> {
    return new Promise((resolve, reject) => {
      client.exec('bash --norc -p', (error, channel) => {
        if (error) reject(new ConnectionLost(error.message));
        else resolve(new RemoteShell(channel, folders));
      });
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Programs that wait or run. */
  get load(): number {
    return this.#err.length;
  }

  /** Something that may take its time is among them. */
  get busy(): boolean {
    return this.#err.some(({ long }) => long);
  }

  run(program: string, long: boolean): Exchange {
    const exchange = new Exchange(long);
    if (this.#closed) exchange.lose('the connection had ended');
    else {
      this.#out.push(exchange);
      this.#err.push(exchange);
      this.#channel.write(`${program}\0`);
    }
    return exchange;
  }

  #takeOut(piece: Piece): void {
    const [current] = this.#out;
    if ('bytes' in piece) {
      if (current?.began) current.out(piece.bytes);
      else this.#hear(piece.bytes);
      return;
    }
    if (current === undefined) return;
    const { mark } = piece;
    if (mark.startsWith('+')) current.group = Number(mark.slice(1));
    else if (mark.startsWith('! ')) current.note(mark.slice(2));
    else if (mark.startsWith('=')) {
      this.#out.shift();
      current.end(Number(mark.slice(1)));
    }
  }

  #takeErr(piece: Piece): void {
    const [current] = this.#err;
    if ('bytes' in piece) {
      if (!current?.began) this.#hear(piece.bytes);
      current?.err(piece.bytes);
    } else if (piece.mark === '+') current?.errBegins();
    else {
      this.#err.shift();
      current?.errEnds();
    }
  }

  #hear(bytes: Buffer): void {
    if (this.#noise.length >= MOST_NOISE) return;
    this.#noise += bytes.toString('utf8').split('\n').map(plainText).join('\n');
  }
}

const HOME = '! home ';
