import * as z from 'zod';
import type { ConfigPath } from '../yaml/source-range.ts';
import { clusterProfile } from './cluster-schema.ts';
import { jobSchema, topologyHeader } from './job-schema.ts';
import keys from './keys.json' with { type: 'json' };
import { ROLES } from './role.ts';

/** What the schema says of one key, in terms that messages, `explain` and the reference share. */
export interface Field {
  /** `map` has fixed keys, `record` free ones. */
  readonly kind: 'map' | 'record' | 'list' | 'value';
  /** `whole number`, `duration`, `list of mount`. */
  readonly type: string;
  readonly description: string | undefined;
  /** Neither optional nor with a default; the topology or the cluster profile may still provide it. */
  readonly required: boolean;
  readonly default: unknown;
  readonly examples: readonly unknown[];
  /** The fields of a map, by key. */
  readonly children: ReadonlyMap<string, Field>;
  /** The field of each value in a record or list. */
  readonly element: Field | undefined;
  /** The values that a choice takes. */
  readonly choices: readonly string[];
}

/** A JSON Schema (draft 7) of what a user writes, as zod makes it. */
export interface Json {
  readonly [key: string]: unknown;
}

/** `section`: what stands before the schema's own keys in keys.json, if anything does. */
export function inputSchema(schema: z.ZodType, section?: 'cluster' | 'topology'): Json {
  const json = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any' }) as Json;
  describeKeys(json, section === undefined ? [] : [section]);
  return json;
}

/** What keys.json says of each key, by its path; the roles have theirs in common. */
const TEXTS: Readonly<
  Record<string, string | { readonly text: string; readonly examples: readonly unknown[] }>
> = keys;

function describeKeys({ properties }: Json, path: readonly string[]): void {
  for (const [key, field] of Object.entries((properties ?? {}) as Record<string, Json>)) {
    const own = (ROLES as readonly string[]).includes(path[0] ?? '')
      ? ['role', ...path.slice(1), key]
      : [...path, key];
    const said = TEXTS[own.join('.')];
    const { text: description, examples } = typeof said === 'object' ? said : { text: said };
    Object.assign(field, description && { description }, examples && { examples });
    describeKeys(field, [...path, key]);
  }
}

const TYPES: Readonly<Record<string, string>> = {
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  string: 'text',
  object: 'map',
};

/** All keys of a config. */
export const jobField: Field = fieldOf(inputSchema(jobSchema));
/** All keys of a cluster profile. */
export const profileField: Field = fieldOf(inputSchema(clusterProfile, 'cluster'));
export const topologyHeaderField: Field = fieldOf(inputSchema(topologyHeader, 'topology'));

/** The field at a path, through records and lists; undefined where the schema has no such key. */
export function fieldAt(root: Field, path: ConfigPath): Field | undefined {
  let at: Field | undefined = root;
  for (const part of path) at = at?.children.get(String(part)) ?? at?.element;
  return at;
}

function fieldOf(json: Json, required = false): Field {
  const { properties, additionalProperties, items, enum: choices, const: only } = json;
  const needed = (json.required ?? []) as readonly string[];
  const inner = isJson(additionalProperties) ? additionalProperties : isJson(items) ? items : undefined;
  const element = inner && fieldOf(inner);
  const kind = isJson(properties) ? 'map' : inner === undefined ? 'value' : items ? 'list' : 'record';
  const derived =
    element !== undefined
      ? `${kind === 'list' ? 'list of' : 'map of names to'} ${element.type}`
      : choices || only
        ? 'choice'
        : (TYPES[String(json.type)] ?? 'value');
  return {
    kind,
    type: (json.title as string | undefined) ?? derived,
    description: json.description as string | undefined,
    required,
    default: json.default,
    examples: (json.examples as readonly unknown[] | undefined) ?? [],
    children: new Map(
      Object.entries((properties ?? {}) as Record<string, Json>).map(([key, child]) => [
        key,
        fieldOf(child, needed.includes(key)),
      ]),
    ),
    element,
    choices: ((choices ?? (only === undefined ? [] : [only])) as readonly unknown[]).map(String),
  };
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}
