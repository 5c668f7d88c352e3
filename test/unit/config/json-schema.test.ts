import { expect, test } from 'vitest';
import { jsonSchema } from '../../../src/config/docs/json-schema.ts';
import { type Field, jobField } from '../../../src/config/schema/field.ts';

interface Json {
  readonly [key: string]: Json;
}

const schema = jsonSchema() as unknown as Json;

test('it says what it is', () => {
  const { $schema, $id, title, type, required, additionalProperties } = schema;
  expect({ $schema, $id, title, type, required, additionalProperties }).toEqual({
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'urn:dyn-slurm:config',
    title: 'dyn-slurm config',
    type: 'object',
    required: ['name', 'model', 'slurm'],
    additionalProperties: false,
  });
});

test('it has every key of a config, with its description', () => {
  expect(missing(jobField, schema, '')).toEqual([]);
});

test('a topology is a name, or a map without the keys of the user', () => {
  const { description: _, ...topology } = schema.properties?.topology ?? {};
  expect(topology).toEqual({
    anyOf: [
      {
        type: 'string',
        title: 'name or map',
        pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
        examples: ['docs-dsr1-wideep-h100'],
      },
      { $ref: '#/definitions/topology' },
      { type: 'null' },
    ],
  });
  const keys = Object.keys(schema.definitions?.topology?.properties ?? {});
  expect(keys).toEqual(
    [...jobField.children.keys()].filter(
      (key) => !['name', 'topology', 'cluster', 'variants', 'sweep'].includes(key),
    ),
  );
});

test('a variant has the keys of a config, except those for the whole file', () => {
  const { description: _, examples: __, ...variants } = schema.properties?.variants ?? {};
  expect(variants).toEqual({
    type: ['object', 'null'],
    title: 'map of names to keys',
    additionalProperties: { $ref: '#/definitions/variant' },
  });
  expect(Object.keys(schema.definitions?.variant?.properties ?? {})).toEqual(
    [...jobField.children.keys()].filter((key) => !['cluster', 'variants', 'sweep'].includes(key)),
  );
});

test.each([
  ['a duration is text', ['health', 'stall'], { type: ['string', 'null'], title: 'duration' }],
  ['a count may be removed', ['role', 'nodes'], { type: ['integer', 'null'], minimum: 1 }],
  [
    'a choice may be removed',
    ['infra', 'event_plane'],
    { type: ['string', 'null'], enum: ['nats', 'zmq', null] },
  ],
])('%s', (_what, [definition = '', key = ''], expected) => {
  expect(schema.definitions?.[definition]?.properties?.[key]).toMatchObject(expected);
});

/** Keys that the field has and the schema lacks, or does not describe. */
function missing(field: Field, at: Json | undefined, path: string): readonly string[] {
  return [...field.children].flatMap(([name, child]) => {
    const key = path === '' ? name : `${path}.${name}`;
    const property = at?.properties?.[name];
    if (typeof property?.description !== 'string') return [key];
    return child.children.size === 0 ? [] : missing(child, target(property), key);
  });
}

function target(property: Json): Json | undefined {
  const alternatives = [
    property,
    ...Object.values(property.anyOf ?? {}),
    ...Object.values(property.allOf ?? {}),
  ];
  const name = alternatives.map(({ $ref }) => String($ref ?? '')).find((ref) => ref !== '');
  return name === undefined
    ? alternatives.find(({ properties }) => properties !== undefined)
    : schema.definitions?.[name.replace('#/definitions/', '')];
}
