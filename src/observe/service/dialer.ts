import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Host } from '../../host/host.ts';
import { unlessAborted } from '../../host/on-abort.ts';
import { timeLimit } from '../../host/time-limit.ts';
import type { HostPort } from './endpoints.ts';

/** How to reach the nodes of a job from here. */
export interface NodeDialer {
  readonly via: 'direct' | 'tunnel';
  /** Rejects where there is no connection within `TIMEOUT`. */
  dial(endpoint: HostPort): Promise<Duplex>;
}

/** Milliseconds. A firewall that drops packets must not hold up what can be had. */
const TIMEOUT = 3000;

/** From a host at a distance through it, else as things are. */
export function dialerFor(host: Host): NodeDialer {
  const { dial } = host;
  return dial === undefined
    ? { via: 'direct', dial: dialDirectly }
    : { via: 'tunnel', dial: ({ address, port }) => withTimeout(dial(address, port)) };
}

function dialDirectly({ address, port }: HostPort): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, noDelay: true });
    const timer = setTimeout(
      () => socket.destroy(new Error(`no answer within ${TIMEOUT / 1000} s`)),
      TIMEOUT,
    );
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}

/** A stream that comes too late is closed. */
async function withTimeout(dialled: Promise<Duplex>): Promise<Duplex> {
  const stream = await unlessAborted(dialled, timeLimit(TIMEOUT), 0);
  if (stream !== undefined) return stream;
  dialled.then(
    (late) => late.destroy(),
    () => {},
  );
  throw new Error(`no answer within ${TIMEOUT / 1000} s`);
}
