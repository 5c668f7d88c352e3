import { atLeast } from '../config/compat/release.ts';
import { releasesOf } from '../config/compat/releases.ts';
import type { Job } from '../config/job.ts';
import { isOnLoopback } from './inside.ts';
import type { Port, PortUse } from './plan.ts';
import { hasPlanes } from './planes.ts';

/** Who can reach a port. */
export type Exposure = Pick<Port, 'address' | 'guard'>;

/** A port as of the newest release, and what is said of it in docs/security.md. */
interface Listener extends Exposure {
  readonly who: string;
  /** It asks for the job’s certificate where the config has `infra.tls`. */
  readonly tls?: true;
  /** What somebody else who reaches it can do, without that. */
  readonly stranger: string;
}

const OPEN: Exposure = { address: 'node', guard: 'none' };
/**
 * No argument chooses the address: torch and NCCL bind all, and `ZmqEventPublisher` of SGLang (0.4.9 to 0.5.12) connects to an
 * endpoint that names one, rather than bind it.
 */
const EVERYWHERE: Exposure = { address: 'all', guard: 'none' };
const LOCKED: Exposure = { address: 'node', guard: 'password' };

const LISTENERS: Readonly<Record<PortUse, Listener>> = {
  'etcd-client': {
    ...LOCKED,
    tls: true,
    who: 'etcd, on the head node',
    stranger:
      'read its metrics and lists of leases; raise alarms, which stop the service until the job lifts them within seconds; prolong leases, compact, and fill it with leases',
  },
  nats: {
    ...LOCKED,
    tls: true,
    who: 'NATS, on the head node',
    stranger: 'read its greeting, which names the release',
  },
  frontend: {
    ...OPEN,
    who: 'each frontend',
    stranger: 'use the model, and read metrics and the list of workers',
  },
  nginx: {
    ...OPEN,
    who: 'nginx, where there are several frontends',
    stranger: 'use the model, as at a frontend',
  },
  rpc: {
    ...OPEN,
    tls: true,
    who: 'each worker, for requests',
    stranger: 'use the model, past the frontend',
  },
  responses: {
    ...OPEN,
    tls: true,
    who: 'each frontend, for answers of workers',
    stranger: 'disturb answers whose id it can guess',
  },
  system: {
    ...OPEN,
    who: 'each worker, for health and metrics',
    stranger: 'read metrics and the model card, and use the engine routes that the release has there',
  },
  'dist-init': {
    ...EVERYWHERE,
    who: 'leaders of workers, for their ranks: torch; with DP attention also ZMQ, at its node’s address',
    stranger:
      'join or disturb a start; SGLang unpickles what it gets from its ranks over ZMQ, so expect that it can run code as you',
  },
  nccl: { ...EVERYWHERE, who: 'leaders of workers, for NCCL’s start', stranger: 'disturb a start' },
  'dp-handshake': {
    ...OPEN,
    who: 'leaders of workers with DP attention, while they start',
    stranger: 'disturb a start',
  },
  bootstrap: {
    ...OPEN,
    who: 'leaders of prefill workers',
    stranger: 'read and change where decode workers look for the KV cache of prefill workers',
  },
  'kv-events': {
    ...EVERYWHERE,
    who: 'workers with `kv_events` (ZMQ)',
    stranger: 'subscribe to token ids, from which prompts can be rebuilt',
  },
};

/** Where a port listens, and what it asks of who connects. */
export function exposure(use: PortUse, job: Job): Exposure {
  const { address, guard } = placeOf(use, job);
  return {
    address: isOnLoopback(use, job) ? 'loopback' : address,
    guard: job.infra.tls && LISTENERS[use].tls ? 'certificate' : guard,
  };
}

function placeOf(use: PortUse, job: Job): Exposure {
  // Dynamo 0.x cannot log in to etcd.
  if (use === 'etcd-client' && !hasPlanes(job)) return OPEN;
  // Until 1.6 the frontend took only an interface for its responses.
  if (use === 'responses' && !atLeast(job.dynamo.version, '1.6')) return EVERYWHERE;
  // SGLang 0.5.2 gave its bootstrap server the host that it is told.
  if (use === 'bootstrap' && !atLeast(releasesOf(job).sglang, '0.5.2')) return EVERYWHERE;
  return LISTENERS[use];
}

/** The table of docs/security.md. */
export function portsMarkdown(): string {
  const rows = Object.entries(LISTENERS).map(([use, { who, address, guard, tls, stranger }]) =>
    `| `.concat(
      [
        `\`${use}\``,
        who,
        address === 'node' ? 'its node’s' : 'all',
        guard,
        tls ? 'certificate' : guard,
        stranger,
      ].join(' | '),
      ' |\n',
    ),
  );
  return `| for | who listens | address | guard | with \`infra.tls\` | somebody else who reaches it can, without \`infra.tls\` |\n| --- | --- | --- | --- | --- | --- |\n${rows.join('')}`;
}
