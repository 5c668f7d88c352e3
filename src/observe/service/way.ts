import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Host } from '../../host/host.ts';
import { unlessAborted } from '../../host/on-abort.ts';
import { timeLimit } from '../../host/time-limit.ts';
import type { Place } from './places.ts';

/** How to reach the nodes of a job from here. */
export interface WayThere {
  readonly via: 'direct' | 'tunnel';
  /** Rejects where there is no connection within `PATIENCE`. */
  dial(place: Place): Promise<Duplex>;
}

/** Milliseconds. A firewall that drops packets must not hold up what can be had. */
const PATIENCE = 3000;

/** From a host at a distance through it, else as things are. */
export function wayThere(host: Host): WayThere {
  const { dial } = host;
  return dial === undefined
    ? { via: 'direct', dial: dialDirectly }
    : { via: 'tunnel', dial: ({ address, port }) => withinPatience(dial(address, port)) };
}

function dialDirectly({ address, port }: Place): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, noDelay: true });
    const timer = setTimeout(
      () => socket.destroy(new Error(`no answer within ${PATIENCE / 1000} s`)),
      PATIENCE,
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
async function withinPatience(dialled: Promise<Duplex>): Promise<Duplex> {
  const stream = await unlessAborted(dialled, timeLimit(PATIENCE), 0);
  if (stream !== undefined) return stream;
  dialled.then(
    (late) => late.destroy(),
    () => {},
  );
  throw new Error(`no answer within ${PATIENCE / 1000} s`);
}
