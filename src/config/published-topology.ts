import * as z from 'zod';
import type { SourceFile } from './resolve.ts';
import { gpusPerNode } from './schema/gpu.ts';
import { topologyHeader } from './schema/job-schema.ts';
import { ROLES, type Role, role } from './schema/role.ts';
import { workerSize } from './sizing.ts';
import { parseYaml } from './yaml/parse.ts';
import { plain } from './yaml/tree.ts';

/** A topology as `dyn-slurm topologies` shows it. */
export interface PublishedTopology extends z.output<typeof topologyHeader> {
  readonly gpu: string;
  readonly roles: readonly RoleShape[];
}

/** How large the workers of a role are. */
export interface RoleShape {
  readonly role: Role;
  readonly workers: number;
  /** Whole nodes of one worker; 0 where it takes a part of one. */
  readonly nodesPerWorker: number;
  readonly gpusPerWorker: number;
}

/** What a topology says beside the keys that it sets; undefined where its file says nothing that can be read. */
export type TopologyRemarks = Pick<z.output<typeof topologyHeader>, 'notes' | 'expects'>;

const remarks = topologyHeader.pick({ notes: true, expects: true }).strip();

export function readRemarks({ file, text }: SourceFile): TopologyRemarks | undefined {
  const { root } = parseYaml(file, text, 'topology');
  return root === undefined ? undefined : remarks.safeParse(plain(root)).data;
}

const published = topologyHeader.extend({ gpu: z.string() });

/** Reads what a published topology says of itself. A file that is none is a bug: they come with the package. */
export function readPublishedTopology({ file, text }: SourceFile): PublishedTopology {
  const { root } = parseYaml(file, text, 'topology');
  const values = root === undefined ? {} : (plain(root) as Record<string, unknown>);
  const header = published.parse(
    Object.fromEntries(
      Object.keys(published.shape).flatMap((key) => (key in values ? [[key, values[key]]] : [])),
    ),
  );
  const perNode = gpusPerNode(header.gpu, {}) ?? 0;
  const roles = ROLES.filter((name) => values[name] !== undefined).map((name) => {
    const config = role.parse(values[name]);
    const { gpus, nodes } = workerSize(name, config, perNode);
    return { role: name, workers: config.workers, nodesPerWorker: nodes, gpusPerWorker: gpus };
  });
  return { ...header, roles };
}
