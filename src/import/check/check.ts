import { fieldAt, jobField } from '../../config/schema/field.ts';
import type { Diagnostic } from '../../config/yaml/diagnostic.ts';
import { emit } from '../../config/yaml/emit.ts';
import { parseYaml } from '../../config/yaml/parse.ts';
import type { ConfigMap, ConfigValue } from '../../config/yaml/tree.ts';
import { planConfig } from '../../plan/plan-config.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { same } from '../tree.ts';
import type { ImportedVariant } from '../variant.ts';
import { differences } from './differences.ts';
import { expectedFigures } from './expected.ts';
import { plannedFigures } from './planned.ts';

/** What became of one recipe. */
export type Verdict =
  /** Its config plans to what the recipe says. */
  | { readonly outcome: 'agrees' }
  /** It plans to something else. */
  | { readonly outcome: 'differs'; readonly differences: readonly string[] }
  /** It is not imported, or its config has errors; the diagnostics point into the recipe. */
  | { readonly outcome: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  /** Its config needs what this release of dyn-slurm does not have. */
  | { readonly outcome: 'unplanned'; readonly reason: string };

/** Plans an imported recipe, and compares the plan with what the recipe says. */
export function checkVariant(
  { recipe, config, findings }: ImportedVariant,
  file: string,
  text: string,
): Verdict {
  if (recipe === undefined || config === undefined) {
    const refused = findings.filter(({ kind }) => kind === 'refused');
    return {
      outcome: 'refused',
      diagnostics: refused.map(({ kind: _, ...one }) => ({ severity: 'error', ...one })),
    };
  }
  const missing = missingKey(config);
  if (missing !== undefined)
    return { outcome: 'unplanned', reason: `this release of dyn-slurm has no ${missing}` };
  const written = emit(config);
  const read = parseYaml(file, written);
  if (!same(read.root, config))
    throw new Error(`${file}: the imported config does not read as it was written`);
  const planned = planConfig({
    config: { file, text, root: config, diagnostics: [], unread: [] },
    topologyNames: [],
    cluster: { name: 'import', files: [{ file: 'cluster profile', text: profileOf(recipe, config) }] },
    clusterNames: ['import'],
  });
  if (planned.plan === undefined) {
    const errors = planned.diagnostics.filter(({ severity }) => severity === 'error');
    return { outcome: 'refused', diagnostics: errors };
  }
  const found = differences(
    expectedFigures(recipe, findings, modelOf(config)),
    plannedFigures(planned.plan),
    planned.plan,
  );
  return found.length === 0 ? { outcome: 'agrees' } : { outcome: 'differs', differences: found };
}

/** A key of the config that this release does not have, or `engine vllm`. */
function missingKey(config: ConfigMap, path: readonly string[] = []): string | undefined {
  for (const [key, { value }] of config.entries) {
    const at = [...path, key];
    const field = fieldAt(jobField, at);
    if (field === undefined) return at.join('.');
    const lacking = choiceMissing(at.join('.'), value);
    if (lacking !== undefined) return lacking;
    const inner = value.kind === 'map' && field.kind === 'map' ? missingKey(value, at) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** Undefined for an alias, whose path only the cluster knows. */
function modelOf(config: ConfigMap): string | undefined {
  const model = config.entries.get('model')?.value;
  const path = model?.kind === 'map' ? model.entries.get('path')?.value : undefined;
  const text = path?.kind === 'scalar' ? String(path.value) : '';
  return text.includes('/') ? text : undefined;
}

/** `engine` is a name, or a map with one. */
function choiceMissing(path: string, value: ConfigValue): string | undefined {
  if (value.kind !== 'scalar' || !['engine', 'engine.type', 'frontend.type', 'bench.type'].includes(path))
    return undefined;
  const [section = ''] = path.split('.');
  const choices = fieldAt(jobField, [section, 'type'])?.choices ?? [];
  return choices.includes(String(value.value)) ? undefined : `${section} ${value.value}`;
}

/** A cluster as the recipe has it: its aliases stand for something, and its nodes have as many GPUs. */
function profileOf(recipe: Recipe, config: ConfigMap): string {
  const at = (section: string, key: string): string => {
    const map = config.entries.get(section)?.value;
    const value = map?.kind === 'map' ? map.entries.get(key)?.value : undefined;
    return value?.kind === 'scalar' ? String(value.value) : '';
  };
  const model = at('model', 'path');
  const aliases = [at('container', 'image'), at('bench', 'image')].filter(
    (image) => image !== '' && !/[/:#]/.test(image),
  );
  const lines = [
    'account: import',
    'partition: import',
    `gpus_per_node: ${recipe.gpusPerNode.value}`,
    // Whether a cache of the hub is there is not the recipe's to say.
    "preamble: 'export HF_HOME=/models'",
  ];
  // A variable is no alias: no profile can say what it stands for.
  if (!model.startsWith('/') && !model.includes('$') && !recipe.model.hub)
    lines.push('models:', `  ${JSON.stringify(model)}: /models/import`);
  if (aliases.length > 0) lines.push('images:');
  lines.push(...new Set(aliases.map((image) => `  ${JSON.stringify(image)}: /images/import.sqsh`)));
  return `${lines.join('\n')}\n`;
}
