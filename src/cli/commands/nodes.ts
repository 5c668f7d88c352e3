import { DynSlurmError, EXIT } from '../../errors.ts';
import { ago } from '../../format.ts';
import { badNodes, forgetNode, notedClusters } from '../runs/nodes/ledger.ts';
import { jsonText } from '../sink.ts';
import { table } from '../views/table.ts';
import type { World } from '../world.ts';

export interface NodesOptions {
  /** All by default. */
  readonly cluster?: string;
  readonly forget?: string;
  readonly json?: boolean;
}

/** `dyn-slurm nodes`: the nodes that are excluded from the user's new jobs, and why. */
export async function nodes({ cluster, forget, json }: NodesOptions, world: World): Promise<number> {
  const clusters = cluster === undefined ? await notedClusters(world) : [cluster];
  if (forget !== undefined) await forgetOn(clusters, forget, world);
  const bad = await Promise.all(
    clusters.map(async (name) => (await badNodes(name, world)).map((one) => ({ cluster: name, ...one }))),
  );
  const all = bad.flat();
  if (json) world.out.write(jsonText(all.map(({ forgotten: _, ...one }) => one)));
  else if (all.length === 0) world.err.write('no node is excluded from new jobs\n');
  else {
    const rows = all.map((one) => [
      one.cluster,
      one.node,
      ago(new Date(one.time), world.now()),
      one.run,
      one.reason,
    ]);
    world.out.write(table(['cluster', 'node', 'noted', 'run', 'reason'], rows, world.page));
  }
  return EXIT.ok;
}

async function forgetOn(clusters: readonly string[], node: string, world: World): Promise<void> {
  const done = await Promise.all(clusters.map((cluster) => forgetNode(node, cluster, world)));
  if (done.includes(true)) return;
  throw new DynSlurmError('usage', `node is not excluded: ${node}`, {
    hint: '`dyn-slurm nodes` lists the excluded nodes',
  });
}
