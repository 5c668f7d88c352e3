import type { RecipeRole } from '../recipe/recipe.ts';
import { scalar } from '../tree.ts';
import type { Argument } from './arguments.ts';
import type { Context } from './context.ts';

const CONNECTORS: Readonly<Record<string, string>> = {
  nixl: '{"kv_connector":"NixlConnector","kv_role":"kv_both"}',
  lmcache: '{"kv_connector":"LMCacheConnectorV1","kv_role":"kv_both"}',
  kvbm: '{"kv_connector":"DynamoConnector","kv_role":"kv_both","kv_connector_module_path":"kvbm.vllm_integration.connector"}',
};

/** What srt-slurm passes for vLLM's `connector`, nixl by default, unless the arguments have their own. */
export function connector(
  role: RecipeRole,
  rest: readonly Argument[],
  { recipe, findings }: Context,
): readonly Argument[] {
  const given = recipe.engine.connector;
  if (given?.value === null || recipe.frontend.type === 'none') return [];
  if (rest.some(({ name }) => name === 'kv-transfer-config')) return [];
  const name = given?.value ?? 'nixl';
  const json = Object.hasOwn(CONNECTORS, name) ? CONNECTORS[name] : /^\s*\{/.test(name) ? name : undefined;
  const place = given?.entry ?? role.place;
  if (json === undefined) {
    findings.refuse(
      place,
      `${JSON.stringify(name)} is not a connector that dyn-slurm knows`,
      'write kv-transfer-config into the arguments',
    );
    return [];
  }
  if (given === undefined)
    findings.note(place, 'gets the connector nixl, which srt-slurm passes where a recipe names none');
  const entry = {
    path: [...place.path, 'kv-transfer-config'],
    range: place.range,
    value: scalar(json, place.range),
  };
  return [{ name: 'kv-transfer-config', entry }];
}
