import { expect, test } from 'vitest';
import { explain, suggestKeys } from '../../../src/config/docs/explain.ts';
import { type Field, jobField, profileField, topologyHeaderField } from '../../../src/config/schema/field.ts';
import keys from '../../../src/config/schema/keys.json' with { type: 'json' };
import { ROLES } from '../../../src/config/schema/role.ts';

test('a key with a form', () => {
  expect(explain('slurm.time')).toEqual({
    key: 'slurm.time',
    type: 'duration',
    description: "Time limit of the job (`--time`): 90m, 4h, 1h30m, 2d or Slurm's 1-12:00:00. Required.",
    required: true,
    examples: ['4h', '90m', '1-12:00:00'],
    choices: [],
    children: [],
  });
});

test('a choice with its default', () => {
  expect(explain('infra.event_plane')).toEqual({
    key: 'infra.event_plane',
    type: 'choice',
    description: 'Transport of events, for Dynamo 0.9 and later. ZMQ has no authentication. Default: nats.',
    required: false,
    default: 'nats',
    examples: [],
    choices: ['nats', 'zmq'],
    children: [],
  });
});

test('a map with its keys', () => {
  expect(explain('model')).toMatchObject({
    type: 'map',
    children: [
      { key: 'model.path', type: 'text' },
      { key: 'model.served_name', type: 'text' },
    ],
  });
});

test.each([
  ['', 'map'],
  ['prefill.tp', 'number, "gpus" or "gpus-N"'],
  ['prefill.args', 'map of arguments'],
  ['prefill.args.mem-fraction-static', 'text, number, true, false, list or map'],
  ['decode.env.NCCL_DEBUG', 'text, number, true, false, or a reference to a secret'],
  ['container.mounts', 'list of mount'],
  ['infra.nats', 'true, false or "auto"'],
  ['cluster', 'name'],
  ['site', 'map'],
  ['cluster.models', 'map of names to text'],
])('%j is a %s', (key, type) => {
  expect(explain(key)?.type).toBe(type);
});

test.each([
  'nope',
  'slurm.nope',
  'name.x',
  'site.nope',
  'cluster.nope',
  'prefill..args',
  '__proto__',
  'constructor',
])('%s is no key', (key) => {
  expect(explain(key)).toBeUndefined();
});

test.each([
  ['partition', ['slurm.partition', 'cluster.partition']],
  ['slurm.partion', ['slurm.partition']],
  ['interfce', ['cluster.interface']],
  ['frontend.ports', ['infra.ports', 'frontend.port']],
  ['zzzz', []],
])('%s may mean %j', (key, keys) => {
  expect(suggestKeys(key)).toEqual(keys);
});

test('every key is described, in whole sentences, and every text of keys.json is of a key', () => {
  const all = [
    ...described('', jobField),
    ...described('cluster', profileField),
    ...described('topology', topologyHeaderField),
  ];
  expect(all.filter(([, description]) => !/^[A-Z`e].*[.]$/s.test(description))).toEqual([]);
  const role = new RegExp(`^(${ROLES.join('|')})\\.`);
  const names = new Set(all.map(([key]) => key.replace(role, 'role.')));
  expect(Object.keys(keys).filter((key) => !names.has(key))).toEqual([]);
});

function described(prefix: string, field: Field): readonly (readonly [string, string])[] {
  return [...field.children].flatMap(([name, child]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    return [[key, child.description ?? ''] as const, ...described(key, child)];
  });
}
