import * as z from 'zod';
import { engineNamed } from './engine-name.ts';
import { topologyHeader } from './schema/job-schema.ts';
import { ROLES, type Role, type RoleConfig, role } from './schema/role.ts';
import { ENGINES, type EngineType } from './schema/sections.ts';
import { parseYaml, type SourceFile } from './yaml/parse.ts';
import { plain } from './yaml/tree.ts';

/** What a published topology says of itself, and its roles. */
export interface PublishedTopology extends z.output<typeof topologyHeader> {
  readonly gpu: string;
  readonly engine: EngineType;
  /** Name by which clients ask for the model. */
  readonly model: string;
  readonly roles: readonly { readonly role: Role; readonly config: RoleConfig }[];
}

/** What a topology says beside the keys that it sets; undefined where its file says nothing that can be read. */
export type TopologyRemarks = Pick<z.output<typeof topologyHeader>, 'notes' | 'expects'>;

const remarks = topologyHeader.pick({ notes: true, expects: true }).strip();

export function readRemarks({ file, text }: SourceFile): TopologyRemarks | undefined {
  const { root } = parseYaml(file, text, 'topology');
  return root === undefined ? undefined : remarks.safeParse(plain(root)).data;
}

const published = topologyHeader
  .extend({
    gpu: z.string(),
    engine: z.enum(ENGINES).default(ENGINES[0]),
    model: z.object({ served_name: z.string() }),
  })
  .strip();

/** Reads what a published topology says of itself. A file that is none is a bug: they come with the package. */
export function readPublishedTopology({ file, text }: SourceFile): PublishedTopology {
  const { root } = parseYaml(file, text, 'topology');
  const values = root === undefined ? {} : (plain(root) as Record<string, unknown>);
  const roles = ROLES.filter((name) => values[name] !== undefined);
  const { model, ...rest } = published.parse({ ...values, engine: root && engineNamed([root]) });
  return {
    ...rest,
    model: model.served_name,
    roles: roles.map((name) => ({ role: name, config: role.parse(values[name]) })),
  };
}
