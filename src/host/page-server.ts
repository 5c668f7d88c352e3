import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { listenError } from './listen-error.ts';

export interface PageServer {
  /** URL of the page: `http://127.0.0.1:9500/metrics`. */
  readonly url: string;
  close(): void;
}

/** Milliseconds in which a request must have come, and its answer must have been taken. */
const TIMEOUT = 10_000;
/** Connections at the same time; Prometheus needs one. */
const MOST = 64;

/** Serves one page of text, made anew for each request, under `/metrics`. @throws DynSlurmError `preflight` */
export async function servePage(
  { address, port }: { readonly address: string; readonly port: number },
  page: () => string,
): Promise<PageServer> {
  const server = createServer(
    { requestTimeout: TIMEOUT, headersTimeout: TIMEOUT, connectionsCheckingInterval: 1000 },
    (request, response) => {
      // A connection that is lost in the middle is no trouble of ours.
      request.on('error', () => {}).resume();
      response.on('error', () => {});
      answer(request, response, isLoopback(address), page);
    },
  );
  server.timeout = TIMEOUT;
  server.maxConnections = MOST;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(listenError({ address, port }, cause, 'name another with --prometheus [ADDRESS:]PORT')),
    );
    server.listen({ host: address, port }, resolve);
  });
  // Such as having no file descriptor left for a connection.
  server.on('error', () => {});
  const bound = server.address();
  const real = bound !== null && typeof bound === 'object' ? bound.port : port;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${real}/metrics`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(
  { method, url = '', headers }: IncomingMessage,
  response: ServerResponse,
  loopback: boolean,
  page: () => string,
): void {
  const [status, text, more] = said(method, url, loopback && !namesLoopback(headers.host), page);
  response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', ...more });
  response.end(text);
}

/** `astray`: asked by a page of the web whose name was made to lead here, in a browser on this machine. */
function said(
  method: string | undefined,
  url: string,
  astray: boolean,
  page: () => string,
): readonly [number, string, Readonly<Record<string, string>>?] {
  if (astray) return [403, 'this page is served on a loopback address only\n'];
  if (url.split('?', 1)[0] !== '/metrics') return [404, 'see /metrics\n'];
  if (method !== 'GET' && method !== 'HEAD')
    return [405, 'only GET and HEAD are supported\n', { allow: 'GET, HEAD' }];
  try {
    return [200, page()];
  } catch {
    return [500, 'the page cannot be created\n'];
  }
}

const isLoopback = (address: string): boolean => /^(127\.|::1$|localhost$)/i.test(address);

/** HTTP/1.0 may leave the header out. */
function namesLoopback(host: string | undefined): boolean {
  if (host === undefined) return true;
  const name = /^\[([^\]]*)\](?::\d*)?$/.exec(host)?.[1] ?? host.replace(/:\d*$/, '');
  return isLoopback(name) && (isIP(name) !== 0 || name.toLowerCase() === 'localhost');
}
