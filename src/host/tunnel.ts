import { createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { listenError } from './listen-error.ts';

const HERE = '127.0.0.1';

export interface Tunnel {
  /** Local port, on 127.0.0.1. */
  readonly port: number;
  close(): void;
}

export interface TunnelOptions {
  /** Port to listen on; where it is taken and `orAny` is set, any other. */
  readonly port: number;
  readonly orAny: boolean;
  /** The other end of each connection. */
  readonly dial: () => Promise<Duplex>;
  /** Hears why a connection could not be made. */
  readonly onProblem: (error: Error) => void;
}

/** Listens on this machine's loopback only, and joins each connection to one that `dial` makes. */
export async function openTunnel({ port, orAny, dial, onProblem }: TunnelOptions): Promise<Tunnel> {
  const open = new Set<Duplex>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    open.add(near);
    near.on('error', () => near.destroy()).on('close', () => open.delete(near));
    dial().then(
      (far) => {
        if (near.destroyed) {
          far.destroy();
          return;
        }
        // Either end may be lost at any time, and takes the other with it.
        far.on('error', () => far.destroy()).on('close', () => near.destroy());
        near.on('close', () => far.destroy());
        near.pipe(far).pipe(near);
      },
      (error: Error) => {
        onProblem(error);
        near.destroy();
      },
    );
  });
  await listen(server, port).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE' && orAny) return listen(server, 0);
    throw listenError({ address: HERE, port }, error, 'name another port with --port, or none');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return {
    port: address.port,
    close: () => {
      server.close();
      for (const near of open) near.destroy();
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: HERE, port }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}
