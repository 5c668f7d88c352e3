import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseYaml } from '../../../src/config/yaml/parse.ts';
import { checkVariant } from '../../../src/import/check/check.ts';
import { importFile } from '../../../src/import/import.ts';
import { packageRoot } from '../../world.ts';

const folder = join(packageRoot, 'test/fixtures/recipes');
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const textOf = (name: string) => readFileSync(join(folder, name), 'utf8');

/** All that an import says and writes. */
function outcome(name: string): string {
  const { kind, findings, documents } = importFile(name, textOf(name));
  const said = findings.map(
    ({ kind: which, line, column, path, message, hint }) =>
      `${which} ${line}:${column} ${path}: ${message}${hint === undefined ? '' : ` (${hint})`}\n`,
  );
  const configs = documents.map((one) => `--- ${one.name}.yaml\n${one.text}`);
  return `${kind}\n${said.join('')}${configs.join('')}`;
}

test.each(names)('%s', async (name) => {
  await expect(outcome(name)).toMatchFileSnapshot(join(folder, name.replace(/yaml$/, 'imported')));
});

/** Of a recipe that the planner refuses: the first reason, which stands in the recipe. */
const REFUSED: Readonly<Record<string, string>> = {
  'v1-odd-gpus.yaml':
    '3:91 resources.gpus_per_agg: a worker of 9 GPUs takes 2 nodes of 8 GPUs, and engines need the same number of GPUs on each',
  'v1-unknown-gpu.yaml': '3:23 resources.gpu_type: there is no GPU model "tpu-v9"',
};

/** Roles with nodes of their own whose workers leave GPUs idle: the planner packs them together. */
const PACKED: readonly string[] = [];

test.each(names.filter((name) => !PACKED.includes(name)))(
  'no plan of %s is another one than the recipe says',
  (name) => {
    const text = textOf(name);
    for (const variant of importFile(name, text).variants) {
      const verdict = checkVariant(variant, name, text);
      if (verdict.outcome === 'differs') expect(verdict.differences).toEqual([]);
      if (verdict.outcome !== 'refused' || variant.config === undefined) continue;
      const [first] = verdict.diagnostics;
      expect(`${first?.line}:${first?.column} ${first?.path}: ${first?.message}`).toBe(REFUSED[name]);
    }
  },
);

test.each(names)('what is written of %s reads as YAML without a fault', (name) => {
  for (const { text } of importFile(name, textOf(name)).documents)
    expect(parseYaml('config.yaml', text).diagnostics).toEqual([]);
});
