import type { Role, RoleConfig } from '../config/schema/role.ts';
import type { NodeIndex } from './plan.ts';
import type { Parallelism } from './sizing.ts';

/** A worker's place and size, before its command is known. */
export interface PlacedWorker extends Parallelism {
  /** `prefill-0`: role and index within the role. */
  readonly name: string;
  readonly role: Role;
  readonly index: number;
  readonly config: RoleConfig;
  /** Contiguous and ascending; the first is the leader. */
  readonly nodes: readonly NodeIndex[];
  /** GPU numbers on each of its nodes; empty for CPU-only roles. */
  readonly gpus: readonly number[];
  /** Another worker has a part of the same node. */
  readonly sharesNode: boolean;
  /**
   * Bases of its port blocks, unique on the node; of prefill workers `bootstrap` is unique in the job. Other
   * roles do not listen on it.
   */
  readonly ports: {
    readonly rpc: number;
    readonly system: number;
    readonly distInit: number;
    readonly bootstrap: number;
    readonly kvEvents: number;
  };
}
