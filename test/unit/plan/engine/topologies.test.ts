import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { argText } from '../../../../src/argument.ts';
import type { Plan, Step } from '../../../../src/plan/plan.ts';
import { publishedJob, topologyHeader, topologyNames } from './published-job.ts';
import { adapted, differences, expected, planned, presets, publishedWorkers, variants } from './variants.ts';

const TODAY = '1.6.1';

test('every topology is compared with its source, here or in presets.test.ts', () => {
  const compared = [...variants, ...presets].map(({ name }) => name);
  expect(topologyNames).toEqual(compared.sort());
});

test.each(variants)('$name names its source', ({ name, source, commit }) => {
  expect(topologyHeader(name).source).toMatchObject({ repo: 'ai-dynamo/dynamo', path: source, commit });
});

test.each(variants)('$name is labelled with the precision that it holds', ({ name, workers }) => {
  const fp4 = workers.some(({ flags }) => flags['--quantization'] === 'modelopt_fp4');
  const { precision, title } = topologyHeader(name);
  expect({ fp4: precision === 'FP4', title: /\bFP4\b/.test(title) }).toEqual({ fp4, title: fp4 });
});

describe.each(variants)('$name', (variant) => {
  const { name } = variant;
  const release = topologyHeader(name).source.dynamo;

  test.each(publishedWorkers(variant))(`%s is what upstream ran on ${release}`, (step, worker) => {
    const { plan, found } = stepOf(name, release, step, worker.flags['--model-path']);
    expect(planned(found)).toEqual(expected(name, worker, found, plan, release));
  });

  const current = publishedWorkers(variant).filter(([, { role }]) => role !== 'processor');
  test.each(current)(`%s is that in the spelling of ${TODAY}`, (step, worker) => {
    const { plan, found } = stepOf(name, undefined, step, worker.flags['--model-path']);
    expect(planned(found)).toEqual(expected(name, adapted(worker), found, plan, TODAY));
  });

  test(`starts no other workers on ${release} and ${TODAY}`, () => {
    const roles = new Set(publishedWorkers(variant).map(([, { role }]) => role));
    if (variant.prefill_router !== undefined) roles.add('router');
    expect(rolesOf(publishedJob(name, { version: release }).plan)).toEqual(roles);
    const helpers = new Set(['processor', 'router']);
    expect(rolesOf(publishedJob(name).plan)).toEqual(
      new Set([...roles].filter((role) => !helpers.has(role))),
    );
  });
});

test('the prefill router is what upstream ran', () => {
  const [variant] = variants.filter(({ prefill_router }) => prefill_router !== undefined);
  const name = variant?.name ?? '';
  const { found } = stepOf(name, topologyHeader(name).source.dynamo, 'router-0');
  expect(found.argv.map(argText).join(' ')).toBe(variant?.prefill_router);
});

test.each(variants)('Dynamo 1.6.1 takes every option of $name', ({ name }) => {
  const { plan } = publishedJob(name);
  const refused = plan.workers.flatMap((worker) => {
    const found = plan.steps.find((step) => step.name === worker.name);
    return found ? Object.entries(planned(found).flags).flatMap((flag) => refusal(...flag)) : [];
  });
  expect(refused).toEqual([]);
});

test('every listed difference is one', () => {
  const known = new Set(topologyNames);
  expect(differences.flatMap((one) => one.variants ?? []).filter((name) => !known.has(name))).toEqual([]);
});

/** Options by name, with how many values they take and which. */
const options = new Map(
  readFileSync(join(import.meta.dirname, '../../../fixtures/sglang/options-1.6.1.txt'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('--'))
    .map((line) => {
      const [name = '', values, ...choices] = line.split(' ');
      return [name, { values, choices }];
    }),
);

function refusal(flag: string, value: string | true): readonly string[] {
  const option = options.get(flag);
  if (!option) return [`${flag} is unknown`];
  if ((value === true) !== (option.values === 'bare')) return [`${flag} takes other values`];
  if (option.values === 'one' && String(value).includes(' ')) return [`${flag} takes one value`];
  const unknown = option.choices.length > 0 && !option.choices.includes(String(value));
  return unknown ? [`${flag} has no ${value}`] : [];
}

function stepOf(
  name: string,
  version: string | undefined,
  step: string,
  model: unknown = '/model/',
): { readonly plan: Plan; readonly found: Step } {
  const { plan } = publishedJob(name, { ...(version && { version }), model: String(model) });
  const found = plan.steps.find((one) => one.name === step);
  if (!found) throw new Error(`${name} has no ${step}`);
  return { plan, found };
}

function rolesOf(plan: Plan): ReadonlySet<string> {
  return new Set(plan.workers.map(({ role }) => role));
}
