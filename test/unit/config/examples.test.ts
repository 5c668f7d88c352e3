import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type Field, jobField, profileField } from '../../../src/config/schema/field.ts';
import { ROLES } from '../../../src/config/schema/role.ts';
import { resolve, VALID } from './report.ts';

// What the reference, `explain` and editors show as an example of a key can be written there.

interface Example {
  readonly path: readonly string[];
  readonly value: unknown;
}

function examplesOf(field: Field, path: readonly string[]): readonly Example[] {
  const own = field.examples.map((value) => ({ path, value }));
  return [...own, ...[...field.children].flatMap(([key, child]) => examplesOf(child, [...path, key]))];
}

const topology = readFileSync(
  join(import.meta.dirname, '../../../configs/topologies/docs-dsr1-wideep-h100.yaml'),
  'utf8',
);
const HOPPER = 'models: {dsr1: /lustre/models/DeepSeek-R1}\n';

/** Errors at the key, or below it. */
const faultsAt = (path: readonly string[], text: string, cluster: readonly string[] = [HOPPER]) =>
  resolve(text, { cluster, ...(path[0] === 'topology' && { topology }) })
    .diagnostics.filter(({ severity }) => severity === 'error')
    .filter(({ path: at }) => at === path.join('.') || at.startsWith(`${path.join('.')}.`))
    .map(({ message }) => message);

function written({ path, value }: Example, into: object): string {
  const whole = structuredClone(into);
  let at = whole as Record<string, unknown>;
  for (const key of path.slice(0, -1)) {
    at[key] ??= {};
    at = at[key] as Record<string, unknown>;
  }
  at[path.at(-1) ?? ''] = value;
  return stringify(whole);
}

const keys = examplesOf(jobField, []);
const shown = keys.filter(
  ({ path: [first = ''] }) => first === 'aggregated' || !(ROLES as readonly string[]).includes(first),
);

test.each(shown.map((each) => [each.path.join('.'), JSON.stringify(each.value), each] as const))(
  '%s: %s',
  (_, __, each) => {
    // Keys that have a meaning only beside others.
    const [section, key = ''] = each.path;
    const base = parse(VALID);
    if (key === 'ep') base.aggregated.tp = each.value;
    if (key === 'srun') base.container = { image: '/lustre/images/dynamo.sqsh' };
    const types: Readonly<Record<string, object>> = {
      dataset: { type: 'sglang' },
      trace: { type: 'trace', isl: undefined, osl: undefined },
      speedup: { type: 'trace', trace: '/lustre/trace.jsonl', isl: undefined, osl: undefined },
      turn_delay: { type: 'agentic', turns: 2 },
    };
    if (each.path.at(-1) === 'source') base.dynamo = { install: { commit: 'c88ef7310aab' } };
    if (section === 'bench' && key !== 'command')
      base.bench = { type: 'aiperf', isl: 1024, osl: 128, concurrencies: [1], ...types[key] };
    expect(faultsAt(each.path, written(each, base))).toEqual([]);
  },
);

test.each(
  examplesOf(profileField, []).map(
    (each) => [each.path.join('.'), JSON.stringify(each.value), each] as const,
  ),
)('%s of a profile: %s', (_, __, each) => {
  expect(faultsAt(each.path, VALID, [written(each, {})])).toEqual([]);
});

test('an example is the field\u2019s own: no two fields of different meaning share it', () => {
  const seen = new Map<string, string[]>();
  for (const { path, value } of shown) {
    if (typeof value !== 'object') continue;
    const text = JSON.stringify(value);
    seen.set(text, [...(seen.get(text) ?? []), path.join('.')]);
  }
  expect(
    [...seen.values()].filter(
      (paths) => new Set(paths.map((path) => path.split('.').at(-1))).size < paths.length,
    ),
  ).toEqual([['aggregated.env', 'frontend.env', 'bench.env']]);
});
