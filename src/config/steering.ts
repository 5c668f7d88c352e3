import { type ClusterProfile, clusterProfile } from './schema/cluster-schema.ts';
import { type ConfigMap, plain } from './yaml/tree.ts';

/**
 * Keys of a cluster profile that choose only how Slurm is asked for nodes. All others run something, or decide where
 * jobs, files, images or connections go.
 */
const HARMLESS: ReadonlySet<string> = new Set<keyof ClusterProfile>([
  'account',
  'partition',
  'gpu_directive',
  'gpu_type',
  'memory_directive',
  'gpus_per_node',
]);

/** What a profile's file says of the keys that run or redirect something, `null` too, which takes away another file's. */
export function steeringKeys(root: ConfigMap | undefined): ReadonlyMap<string, unknown> {
  const known = Object.keys(clusterProfile.shape).filter((key) => !HARMLESS.has(key));
  return new Map(
    known.flatMap((key) => {
      const entry = root?.entries.get(key);
      return entry === undefined ? [] : [[key, plain(entry.value)]];
    }),
  );
}
