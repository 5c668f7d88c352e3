import { inputSchema, type Json } from '../schema/field.ts';
import { jobSchema, ROLES, USER_KEYS } from '../schema/job-schema.ts';
import { ENGINES } from '../schema/sections.ts';

/**
 * JSON Schema (draft 7, which editors' YAML plug-ins read) of a config as the user writes it: a topology by name or
 * inline, durations as text, and `null` where it removes a key. What a topology or a cluster profile may provide is
 * not required here.
 */
export function jsonSchema(): object {
  const job = inputSchema(jobSchema);
  const { $schema, description, definitions: lent } = job;
  const { properties } = adapt(job) as { readonly properties: Record<string, Json> };
  const { definitions: maps, references: all } = extractDefinitions(properties);
  const definitions = { ...maps, dynamo: dynamoOf(maps.dynamo) };
  const references = { ...all, engine: engineOf(all.engine), setup: setupOf(all.setup) };
  const inline = Object.fromEntries(Object.entries(references).filter(([key]) => !USER_KEYS.includes(key)));
  const ofVariant = Object.fromEntries(
    Object.entries(references).filter(([key]) => !['cluster', 'variants', 'sweep'].includes(key)),
  );
  return {
    $schema,
    $id: 'urn:dyn-slurm:config',
    title: 'dyn-slurm config',
    description,
    type: 'object',
    properties: {
      ...references,
      name: { ...properties.name, type: 'string' },
      topology: topologyOf(properties.topology ?? {}),
      variants: variantsOf(properties.variants ?? {}),
      model: requireKey(properties.model, 'model', 'path'),
      slurm: requireKey(properties.slurm, 'slurm', 'time'),
    },
    required: ['name', 'model', 'slurm'],
    additionalProperties: false,
    definitions: {
      topology: { type: 'object', properties: inline, additionalProperties: false },
      variant: { type: ['object', 'null'], properties: ofVariant, additionalProperties: false },
      ...withSetups(definitions),
      ...(adapt(lent) as Json),
    },
  };
}

/** Each may have the keys of the whole config. */
function variantsOf({ propertyNames: _, ...variants }: Json): Json {
  return { ...variants, additionalProperties: { $ref: '#/definitions/variant' } };
}

function topologyOf({ description, ...name }: Json): Json {
  return {
    description,
    ...either({ ...name, type: 'string' }, { $ref: '#/definitions/topology' }, { type: 'null' }),
  };
}

/** A name, or the map that it is short for. */
function engineOf(map: Json | undefined): Json {
  const { description, anyOf } = map as { readonly description: string; readonly anyOf: readonly Json[] };
  return { description, ...either({ type: 'string', enum: [...ENGINES] }, ...anyOf) };
}

/** A list of commands, or the map that it is short for. */
function setupOf(map: Json | undefined): Json {
  const { description, anyOf, ...own } = map as Json;
  const list = { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } };
  return { description, ...either(list, ...((anyOf as readonly Json[] | undefined) ?? [own])) };
}

/** Definitions, of which those with a key `setup` take a list there. */
function withSetups(definitions: Readonly<Record<string, Json>>): Json {
  const entries = Object.entries(definitions).map(([name, definition]) => {
    const properties = definition.properties as Readonly<Record<string, Json>> | undefined;
    if (properties?.setup === undefined) return [name, definition];
    return [name, { ...definition, properties: { ...properties, setup: setupOf(properties.setup) } }];
  });
  return Object.fromEntries(entries);
}

/** The installation is a map, or true or false. */
function dynamoOf(map: Json | undefined): Json {
  const properties = map?.properties as Readonly<Record<string, Json>>;
  const { description, examples, title, default: _, ...install } = properties.install as Json;
  const both = { description, examples, title, ...either({ type: 'boolean' }, install) };
  return { ...map, properties: { ...properties, install: both } };
}

/** A map that must be there, with one of its keys. */
function requireKey(schema: Json | undefined, name: string, key: string): Json {
  return { description: schema?.description, allOf: [{ $ref: `#/definitions/${name}` }], required: [key] };
}

/** Moves every map with fixed keys to the definitions; the roles are one of them. */
function extractDefinitions(properties: Readonly<Record<string, Json>>) {
  const definitions: Record<string, Json> = {};
  const references: Record<string, Json> = {};
  for (const [key, schema] of Object.entries(properties)) {
    if (schema.properties === undefined) {
      references[key] = schema;
      continue;
    }
    const name = (ROLES as readonly string[]).includes(key) ? 'role' : key;
    const { description, default: _, ...rest } = schema;
    definitions[name] = { ...rest, type: 'object' };
    const allowed = either({ $ref: `#/definitions/${name}` }, { type: 'null' });
    references[key] = { description, ...allowed };
  }
  return { definitions, references };
}

/** Every key may be null, and none is required; bounds that only say "exact in JavaScript" are left out. */
function adapt(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(adapt);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).flatMap(([key, value]): [string, unknown][] => {
    if (key === 'required' || Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER) return [];
    if (key === 'default' || key === 'examples' || key === 'enum') return [[key, value]];
    if (key === 'properties') return [[key, withNull(value as Json)]];
    if (key === 'additionalProperties' && typeof value === 'object')
      return [[key, nullable(adapt(value) as Json)]];
    return [[key, adapt(value)]];
  });
  return Object.fromEntries(entries);
}

function withNull(properties: Json): Json {
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [key, nullable(adapt(value) as Json)]),
  );
}

function nullable(schema: Json): Json {
  if (Array.isArray(schema.anyOf)) return { ...schema, anyOf: [...schema.anyOf, { type: 'null' }] };
  if (typeof schema.type !== 'string') return either(schema, { type: 'null' });
  const choices = Array.isArray(schema.enum) ? { enum: [...schema.enum, null] } : {};
  return { ...schema, type: [schema.type, 'null'], ...choices };
}

function either(...schemas: readonly Json[]): Json {
  return { anyOf: schemas };
}
