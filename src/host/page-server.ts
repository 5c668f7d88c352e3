import { createServer } from 'node:http';
import { listenError } from './listen-error.ts';

export interface PageServer {
  /** Where it is: `http://127.0.0.1:9500/metrics`. */
  readonly url: string;
  close(): void;
}

/** Serves one page of text, made anew for each request, under `/metrics`. @throws DynSlurmError `preflight` */
export async function servePage(
  { address, port }: { readonly address: string; readonly port: number },
  page: () => string,
): Promise<PageServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page');
    const known = pathname === '/metrics' && (request.method === 'GET' || request.method === 'HEAD');
    response.writeHead(known ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
    response.end(known ? page() : 'see /metrics\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(listenError({ address, port }, cause, 'name another with --prometheus [ADDRESS:]PORT')),
    );
    server.listen({ host: address, port }, resolve);
  });
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
