import { type Arg, type NodeIndex, nodeIp, type Placeholder, SELF_IP } from '../argument.ts';
import { hasPlanes } from '../config/compat/planes.ts';
import { atLeast } from '../config/compat/release.ts';
import type { Job } from '../config/job.ts';
import listeners from './listeners.json' with { type: 'json' };
import type { Port, PortUse, StepBody } from './plan.ts';

/** Who can reach a port. */
type Exposure = Pick<Port, 'address' | 'guard'>;

/** A kind of port as of the newest release, and what is said of it in docs/security.md. */
interface Listener extends Exposure {
  /** The key of `infra.ports` from which it is counted; clients' own is `frontend.port`. */
  readonly field: keyof Job['infra']['ports'];
  readonly who: string;
  /** It asks for the job's certificate where the config has `infra.tls`. */
  readonly tls?: boolean;
  /** Only the job's own processes connect to it, and its listener can be told an address. */
  readonly inside?: boolean;
  /** Only the leader of a worker listens: for its other ranks, or for decode workers. */
  readonly leader?: boolean;
  /** What somebody else who reaches it can do, without `tls`. */
  readonly stranger: string;
}

/**
 * Ports at `all` addresses: no argument chooses one. torch and NCCL bind all, and engines' publishers of
 * cache events connect to an endpoint that names one, rather than bind it.
 */
export const LISTENERS = listeners as Readonly<Record<PortUse, Listener>>;

const OPEN: Exposure = { address: 'node', guard: 'none' };
export const EVERYWHERE: Exposure = { address: 'all', guard: 'none' };

/** The address that a port listens on, and what it asks of clients. */
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
  return LISTENERS[use];
}

const LOOPBACK = '127.0.0.1';

/** Whether the port listens at the node's loopback address only: see `infra.bind`. */
function isOnLoopback(use: PortUse, job: Job): boolean {
  // Until 1.6 nothing chose where a frontend listens for answers.
  const chosen = use !== 'responses' || atLeast(job.dynamo.version, '1.6');
  return job.infra.bind === 'loopback' && LISTENERS[use].inside === true && chosen;
}

/** Address at which a process listens for other processes of the job. */
export function insideSelf({ infra }: Job): string | Placeholder {
  return infra.bind === 'loopback' ? LOOPBACK : SELF_IP;
}

/** Address at which processes of the job reach what listens on the node. */
export function reachedAt(use: PortUse, job: Job, node: NodeIndex): string | Placeholder {
  return isOnLoopback(use, job) ? LOOPBACK : nodeIp(node);
}

/** Address and port, as planned, at which processes of the job reach a step. */
export function addressOf(step: Pick<StepBody, 'nodes' | 'ports'> | undefined, use: PortUse): Arg {
  const port = step?.ports.find((owned) => owned.use === use);
  const node = step?.nodes[0];
  if (port === undefined || node === undefined) throw new Error(`the plan has no ${use} port`);
  return [port.address === 'loopback' ? LOOPBACK : nodeIp(node), `:${port.port}`];
}
