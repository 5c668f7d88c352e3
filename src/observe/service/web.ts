import { Agent, type ClientRequestArgs, type RequestOptions, request } from 'node:http';
import type { Duplex } from 'node:stream';
import { onAbort } from '../../host/on-abort.ts';
import type { NodeDialer } from './dialer.ts';
import type { HostPort } from './endpoints.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Maximum size of an answer in bytes; a page of metrics has hundreds of kilobytes. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Asks frontends and workers over connections that it keeps: over ssh a new one takes a round trip more. */
export class Web {
  readonly #agent: Agent;

  constructor(dialer: NodeDialer) {
    this.#agent = new DiallingAgent(dialer);
  }

  /** @throws Error where there is no whole answer within `timeout` milliseconds. */
  get(endpoint: HostPort, path: string, timeout: number, signal: AbortSignal): Promise<Answer> {
    return this.#ask(endpoint, { path, headers: { accept: 'text/plain, */*' } }, '', timeout, signal);
  }

  /** Sends `body` as JSON. @throws Error as `get`; what was asked may have been done all the same. */
  post(
    endpoint: HostPort,
    path: string,
    body: unknown,
    timeout: number,
    signal: AbortSignal,
  ): Promise<Answer> {
    const text = JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    return this.#ask(endpoint, { method: 'POST', path, headers }, text, timeout, signal);
  }

  #ask(
    { address, port }: HostPort,
    what: RequestOptions,
    body: string,
    timeout: number,
    signal: AbortSignal,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = request({ host: address, port, agent: this.#agent, ...what }, (answer) => {
        const parts: Buffer[] = [];
        let size = 0;
        answer.on('data', (part: Buffer) => {
          size += part.length;
          if (size > MOST_BYTES) asked.destroy(new Error('the answer is too long'));
          else parts.push(part);
        });
        answer.once('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
        );
        answer.on('error', reject);
      });
      const timer = setTimeout(
        () => asked.destroy(new Error(`no answer within ${timeout / 1000} s`)),
        timeout,
      );
      const forget = onAbort(signal, () => asked.destroy(new Error('aborted')));
      asked.once('close', () => {
        clearTimeout(timer);
        forget();
      });
      asked.on('error', reject);
      asked.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

class DiallingAgent extends Agent {
  readonly #dialer: NodeDialer;

  constructor(dialer: NodeDialer) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1024 });
    this.#dialer = dialer;
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    done: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#dialer.dial({ address: String(host), port: Number(port) }).then(
      (stream) => done(null, asSocket(stream)),
      (error: Error) => done(error, undefined as unknown as Duplex),
    );
  }
}

/** What Node's agent does with a socket, and a channel of ssh has not got. */
function asSocket(stream: Duplex): Duplex {
  // One that nobody uses any more may still fail.
  stream.on('error', () => {});
  const nothing = () => stream;
  for (const name of ['setKeepAlive', 'setNoDelay', 'setTimeout', 'ref', 'unref'] as const) {
    if (!(name in stream)) Object.assign(stream, { [name]: nothing });
  }
  if (!('destroySoon' in stream)) Object.assign(stream, { destroySoon: () => stream.end() });
  return stream;
}
