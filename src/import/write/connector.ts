import { type ConfigValue, plain } from '../../config/yaml/tree.ts';
import type { Place } from '../finding.ts';
import { spelled } from '../keys.ts';
import type { RecipeRole } from '../recipe/recipe.ts';
import { scalar } from '../tree.ts';
import type { Argument } from './arguments.ts';
import type { Context } from './context.ts';

const CONNECTORS: Readonly<Record<string, string>> = {
  nixl: '{"kv_connector":"NixlConnector","kv_role":"kv_both"}',
  lmcache: '{"kv_connector":"LMCacheConnectorV1","kv_role":"kv_both"}',
  kvbm: '{"kv_connector":"DynamoConnector","kv_role":"kv_both","kv_connector_module_path":"kvbm.vllm_integration.connector"}',
};

/**
 * The arguments of a vLLM worker with what srt-slurm passes as --kv-transfer-config: the one that they have, else the connector
 * that they or the engine name, and nixl where nobody does. A worker that serves by itself has only what its own role says.
 */
export function withConnector(
  role: RecipeRole,
  given: readonly Argument[],
  { recipe, findings }: Context,
): readonly Argument[] {
  const rest = given.filter(({ name }) => name !== 'connector');
  const own = given.find(({ name }) => name === 'connector')?.entry;
  const { connector } = recipe.engine;
  const direct = recipe.frontend.type === 'none';
  const place: Place = own ?? (direct ? undefined : connector?.entry) ?? role.place;
  const name = own ? textOf(own.value) : direct ? null : connector ? connector.value : 'nixl';
  if (rest.some((one) => one.name === 'kv-transfer-config')) {
    if (own ?? (connector?.value && connector.entry))
      findings.note(place, 'has no effect: kv-transfer-config is among the arguments');
    return rest;
  }
  if (name === null || /^(null|none|)$/i.test(name)) {
    if (!direct && role.role !== 'aggregated')
      findings.note(
        place,
        'names no connector, and srt-slurm passes none; dyn-slurm passes NIXL, without which prefill does not start',
        'set kv-transfer-config in the args of a role for another one',
      );
    return rest;
  }
  const json = Object.hasOwn(CONNECTORS, name) ? CONNECTORS[name] : /^\s*\{/.test(name) ? name : undefined;
  if (json === undefined) {
    findings.refuse(
      place,
      `${JSON.stringify(name)} is not a connector that dyn-slurm knows`,
      'write kv-transfer-config into the arguments',
    );
    return rest;
  }
  if (own === undefined && connector === undefined)
    findings.note(place, 'gets the connector nixl, which srt-slurm passes where a recipe names none');
  const entry = {
    path: [...place.path, 'kv-transfer-config'],
    range: place.range,
    value: scalar(json, place.range),
  };
  return [...rest, { name: 'kv-transfer-config', entry }];
}

function textOf(value: ConfigValue): string {
  return value.kind === 'scalar' ? spelled(value) : JSON.stringify(plain(value));
}
