import * as z from 'zod';
import type { ConfigPath } from '../yaml/source-range.ts';
import { clusterProfile } from './cluster-schema.ts';
import { jobSchema, topologyHeader } from './job-schema.ts';

/** What the schema says of one key, in terms that messages, `explain` and the reference share. */
export interface Field {
  readonly kind: 'map' | 'record' | 'list' | 'text' | 'number' | 'flag' | 'choice' | 'other';
  /** `whole number`, `duration`, `list of mount`. */
  readonly type: string;
  readonly description: string | undefined;
  /** Neither optional nor with a default; the topology or the cluster profile may still provide it. */
  readonly required: boolean;
  readonly default: unknown;
  readonly examples: readonly unknown[];
  /** Of a map with fixed keys. */
  readonly children: ReadonlyMap<string, Field>;
  /** Of each value in a record (free keys) or list. */
  readonly element: Field | undefined;
  /** Of a choice. */
  readonly choices: readonly string[];
}

/** All keys of a config. */
export const jobField: Field = field(jobSchema);
/** All keys of a cluster profile. */
export const profileField: Field = field(clusterProfile);
export const topologyHeaderField: Field = field(topologyHeader);

/** The field at a path, through records and lists; undefined where the schema has no such key. */
export function fieldAt(root: Field, path: ConfigPath): Field | undefined {
  let at: Field | undefined = root;
  for (const part of path) at = at?.children.get(String(part)) ?? at?.element;
  return at;
}

function field(schema: z.core.$ZodType): Field {
  const { core, meta, required, fallback } = unwrap(schema);
  const shape = shapeOf(core);
  const { title, description, examples } = meta;
  return {
    ...shape,
    type: title ?? shape.type,
    description,
    required,
    default: fallback,
    examples: examples ?? [],
  };
}

type Meta = { title?: string; description?: string; examples?: readonly unknown[] };

interface Unwrapped {
  readonly core: z.core.$ZodType;
  readonly meta: Meta;
  readonly required: boolean;
  readonly fallback: unknown;
}

/** Goes through defaults and transforms to the schema of what a user writes; outer descriptions win. */
function unwrap(schema: z.core.$ZodType): Unwrapped {
  const own = (z.globalRegistry.get(schema) ?? {}) as Meta;
  const inner = innerOf(schema);
  if (inner === undefined) return { core: schema, meta: own, required: true, fallback: undefined };
  const rest = unwrap(inner);
  const { type } = schema._zod.def;
  return {
    core: rest.core,
    meta: { ...rest.meta, ...own },
    required: type === 'pipe' && rest.required,
    fallback: 'defaultValue' in schema._zod.def ? schema._zod.def.defaultValue : rest.fallback,
  };
}

function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const { def } = schema._zod;
  if (def.type === 'pipe') return (def as z.core.$ZodPipeDef).in;
  return 'innerType' in def ? (def.innerType as z.core.$ZodType) : undefined;
}

type Shape = Pick<Field, 'kind' | 'type' | 'children' | 'element' | 'choices'>;

function shapeOf(schema: z.core.$ZodType): Shape {
  const bare = { children: new Map<string, Field>(), element: undefined, choices: [] };
  const { def } = schema._zod;
  switch (def.type) {
    case 'object': {
      const entries = Object.entries((def as z.core.$ZodObjectDef).shape);
      return {
        ...bare,
        kind: 'map',
        type: 'map',
        children: new Map(entries.map(([key, value]) => [key, field(value)])),
      };
    }
    case 'record': {
      const element = { ...field((def as z.core.$ZodRecordDef).valueType), required: false };
      return { ...bare, kind: 'record', type: `map of names to ${element.type}`, element };
    }
    case 'array': {
      const element = field((def as z.core.$ZodArrayDef).element);
      return { ...bare, kind: 'list', type: `list of ${element.type}`, element };
    }
    case 'enum': {
      const choices = Object.values((def as z.core.$ZodEnumDef).entries).map(String);
      return { ...bare, kind: 'choice', type: 'choice', choices };
    }
    case 'number': {
      const whole = 'format' in def;
      return { ...bare, kind: 'number', type: whole ? 'whole number' : 'number' };
    }
    case 'boolean':
      return { ...bare, kind: 'flag', type: 'true or false' };
    case 'string':
      return { ...bare, kind: 'text', type: 'text' };
    default:
      return { ...bare, kind: 'other', type: 'value' };
  }
}
