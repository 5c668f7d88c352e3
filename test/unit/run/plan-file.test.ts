import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { PLAN_FILE, parsePlan } from '../../../src/run/plan-file.ts';
import { packageRoot } from '../../world.ts';

const folder = join(packageRoot, 'slurm_jobs');
const jobs = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'plan.json')));
const written = (job: string) => readFileSync(join(folder, job, 'plan.json'), 'utf8');

interface Shape {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
}

/** Paths of a value that its schema says nothing of. */
function unknownPaths(value: unknown, shape: Shape | undefined, path = ''): readonly string[] {
  if (shape === undefined) return [path];
  if (Array.isArray(value)) return value.flatMap((each) => unknownPaths(each, shape.items, `${path}[]`));
  if (typeof value !== 'object' || value === null || shape.properties === undefined) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    unknownPaths(each, shape.properties?.[name], `${path}.${name}`),
  );
}

test.each(jobs)('the reader knows every field of the plan of %s, and takes it as it is', (job) => {
  const plan: object = JSON.parse(written(job));
  const schema = z.toJSONSchema(PLAN_FILE, { io: 'input', unrepresentable: 'any' }) as Shape;
  expect(new Set(unknownPaths(plan, schema))).toEqual(new Set());
  const { steps: _, stages: __, ...read } = parsePlan(written(job)) ?? {};
  expect(read).toEqual(plan);
});

test('a plan of another release lacks what it lacks', () => {
  expect(
    parsePlan('{"dynamo":"1.6.1","processes":[{"name":"etcd","kind":"etcd","role":7},{"kind":"x"}]}'),
  ).toEqual({
    version: 1,
    name: '',
    dynamo: '1.6.1',
    nodes: [],
    workers: [],
    processes: [
      {
        ...{ name: 'etcd', kind: 'etcd', role: null, nodeIndex: 0, nodeRank: 0 },
        ...{ gpus: [], argv: [], env: {}, ports: [] },
      },
    ],
    srun: [],
    movable: [],
    warnings: [],
    steps: [{ name: 'etcd', kind: 'etcd', role: null }],
  });
  expect(parsePlan('[]')).toBeUndefined();
  expect(parsePlan('{"processes":')).toBeUndefined();
});
