import type { Job } from '../config/job.ts';
import { hasPlanes } from '../config/planes.ts';
import { atLeast } from '../config/release.ts';
import type { PortUse } from './plan.ts';

/** Who can reach a port. */
export interface Exposure {
  /** `node`: the one address of its node that the job chose; `all`: every address of the node. */
  readonly address: 'node' | 'all';
  readonly guard: 'password' | 'none';
}

const OPEN: Exposure = { address: 'node', guard: 'none' };
/** SGLang, torch and ZMQ take no address for these, or only one that other nodes could not reach. */
const EVERYWHERE: Exposure = { address: 'all', guard: 'none' };

const EXPOSURES: Readonly<Record<PortUse, Exposure>> = {
  'etcd-client': { address: 'node', guard: 'password' },
  nats: { address: 'node', guard: 'password' },
  frontend: OPEN,
  nginx: OPEN,
  rpc: OPEN,
  responses: OPEN,
  system: OPEN,
  'dist-init': EVERYWHERE,
  nccl: EVERYWHERE,
  'dp-handshake': EVERYWHERE,
  bootstrap: EVERYWHERE,
  'kv-events': EVERYWHERE,
};

/** Where a port listens, and what it asks of who connects. */
export function exposure(use: PortUse, job: Job): Exposure {
  // Dynamo 0.x cannot log in to etcd.
  if (use === 'etcd-client' && !hasPlanes(job)) return OPEN;
  // Until 1.6 the frontend took only an interface for its responses.
  if (use === 'responses' && !atLeast(job.dynamo.version, '1.6')) return EVERYWHERE;
  return EXPOSURES[use];
}
