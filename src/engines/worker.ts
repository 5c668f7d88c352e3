import type { NodeIndex } from '../argument.ts';
import type { Role, RoleConfig } from '../config/schema/role.ts';

/** The parallel sizes of one worker, with `gpus` and `gpus-N` evaluated. */
export interface Parallelism {
  readonly tp: number;
  readonly pp: number;
  readonly dp: number;
  readonly ep: number;
  /** GPUs that the engine's ranks use. */
  readonly busy: number;
}

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
  /** Its part of its one GPU, and those of the workers before it there; absent where its GPUs are its own. */
  readonly share?: { readonly part: number; readonly before: number };
  readonly ports: WorkerPorts;
}

/**
 * First ports of a worker's blocks, unique on the node; of prefill workers `bootstrap` is unique in the job. Other roles
 * do not listen on it.
 */
export interface WorkerPorts {
  readonly rpc: number;
  readonly system: number;
  /** The first of `RANK_PORTS` ports, for the ranks of the worker. */
  readonly distInit: number;
  readonly bootstrap: number;
  readonly kvEvents: number;
  readonly sideChannel: number;
  /** The first of `ENGINE_PORTS` ports, from which an engine takes those that it does not name. */
  readonly engine: number;
}

/** From one worker of a node to the next. */
export const RANK_PORTS = 20;
export const ENGINE_PORTS = 50;
