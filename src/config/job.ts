import type { ClusterProfile } from './schema/cluster-schema.ts';
import type { JobConfig } from './schema/job-schema.ts';
import type { Scripts } from './setup.ts';

/** What the planner takes: the validated config, with the cluster's facts beside it and aliases resolved. */
export interface Job extends JobConfig {
  readonly cluster: ClusterProfile & { readonly name: string };
  readonly model: JobConfig['model'] & { readonly served_name: string };
  /** Paths of the ports that a file gives: `frontend.port`. */
  readonly fixedPorts: readonly string[];
  /** What its published topology expects to be there, as far as the job still names it. Default: nothing. */
  readonly expects?: readonly Expected[];
  /** The scripts of its `setup`; absent if they are those of the run folder. */
  readonly scripts?: Scripts;
}

/** A path as the workers see it. */
export interface Expected {
  readonly kind: 'file' | 'folder';
  readonly path: string;
}

/** The origin of a value, by its path in the job (`slurm.account`, `cluster.interface`). */
export interface Provenance {
  readonly path: string;
  readonly value: unknown;
  /**
   * `config.yaml:3:5`, `topology h100-fp8-default`, `cluster hopper (~/.config/…:2:1)`, `default`, or for an alias
   * `alias dsr1, cluster hopper (…)`.
   */
  readonly from: string;
}

/** The container that the job's steps run in; undefined where they run on the host. */
export function containerOf(
  { container }: JobConfig,
  cluster: ClusterProfile,
): JobConfig['container'] | undefined {
  return cluster.container_runtime === 'pyxis' ? container : undefined;
}
