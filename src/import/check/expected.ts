import { atLeast } from '../../config/compat/release.ts';
import { namesSecretVariable, secretTexts } from '../../config/text/secret.ts';
import { type ConfigEntry, plain } from '../../config/yaml/tree.ts';
import type { Finding } from '../finding.ts';
import { isNull, spelled } from '../keys.ts';
import { RANKS_APART } from '../recipe/engine.ts';
import { workerNodes } from '../recipe/read.ts';
import type { Recipe, RecipeRole } from '../recipe/recipe.ts';
import { isMounted, onNodes } from '../write/values.ts';
import { canonical, type Figures, FROM_OUTSIDE, flagName, flagsOf, LAUNCHERS } from './figures.ts';

/** Variables that become options of the job, and are compared as such or not at all. */
const OPTIONS: ReadonlySet<string> = new Set(['DYN_REQUEST_PLANE', 'DYN_EVENT_PLANE', 'DYN_ROUTER_MODE']);

/** Options of Dynamo's workers that a config has once. */
const JOB_WIDE: ReadonlySet<string> = new Set([
  'dyn-tool-call-parser',
  'dyn-reasoning-parser',
  'custom-jinja-template',
  'use-sglang-tokenizer',
]);

/**
 * What srt-slurm would start, derived from the recipe alone, by the rules of srt-slurm. Values that the import says it has not
 * carried are left out. `model`: what srt-slurm mounts at /model, where that is known.
 */
export function expectedFigures(
  recipe: Recipe,
  findings: readonly Finding[],
  model: string | undefined,
): Figures {
  const lost = new Set(
    findings.filter(({ kind }) => kind === 'lost').map(({ line, column }) => `${line}:${column}`),
  );
  const told = ({ range, value }: ConfigEntry) =>
    lost.has(`${range.line}:${range.column}`) ||
    // A map begins where its first key does.
    (value.kind === 'scalar' && lost.has(`${value.range.line}:${value.range.column}`));
  const { roles, frontend, gpusPerNode, engine } = recipe;
  const env = (own: readonly ConfigEntry[], shared: readonly ConfigEntry[]) =>
    new Map(
      [...own, ...shared]
        .filter((entry) => !told(entry) && !isNull(entry.value) && !OPTIONS.has(String(entry.path.at(-1))))
        .map((entry) => [String(entry.path.at(-1)), variable(entry, model)] as const),
    );
  // Of all workers, where one has it.
  const jobWide = [
    ...commandLine(engine.name === 'trtllm' ? [] : roles.flatMap(({ args }) => args), told),
  ].filter(([name]) => JOB_WIDE.has(name));
  return {
    nodes: workerNodes(roles, gpusPerNode.value, recipe.packed) + nodesApart(recipe, told),
    roles: new Map(
      roles.map((role) => [
        role.role,
        {
          workers: role.workers,
          gpus: role.gpus,
          args: onNodesAll(new Map([...jobWide, ...roleArguments(role, recipe, told)]), model),
          env: env(role.env, [...recipe.environment, ...(recipe.mooncake?.env ?? [])]),
        },
      ]),
    ),
    frontends: {
      type: frontend.type,
      count: frontend.type === 'none' ? 0 : frontend.count,
      args: onNodesAll(frontendArguments(commandLine(frontend.args, told), recipe), model),
      env: env(frontend.env, frontend.type === 'dynamo' ? recipe.environment : []),
    },
  };
}

/** Nodes without workers: one for all that ask for one, or one for each. */
function nodesApart(
  { infra, frontend, bench, oneApart }: Recipe,
  told: (entry: ConfigEntry) => boolean,
): number {
  const client = bench?.apart !== undefined && !told(bench.apart.entry);
  const asking = [infra.dedicated?.value === true, frontend.dedicated !== undefined, client].filter(Boolean);
  return oneApart ? Math.min(1, asking.length) : asking.length;
}

/** A secret comes from the shell that submits, and so does a variable that names itself. */
function variable({ path, value }: ConfigEntry, model: string | undefined): string {
  const text = value.kind === 'scalar' ? spelled(value) : '';
  const name = String(path.at(-1));
  const [, reference] = /^\$\{?(\w+)\}?$/.exec(text) ?? [];
  const secret = text !== '' && (namesSecretVariable(name) || [...secretTexts(text)].length > 0);
  return secret || reference === name ? FROM_OUTSIDE : mounted(text, model);
}

/** Modes are written with dashes or underscores; 0.x listens to KV cache events without a flag. */
function frontendArguments(
  flags: ReadonlyMap<string, string>,
  { dynamo }: Recipe,
): ReadonlyMap<string, string> {
  const mode = flags.get('router-mode')?.replaceAll('_', '-');
  const early = dynamo.release !== undefined && !atLeast(dynamo.release.value, '1.0');
  return new Map(
    [...flags]
      .filter(([name]) => !(early && name === 'router-kv-events'))
      .map(([name, value]) => [name, name === 'router-mode' ? (mode ?? value) : value] as const),
  );
}

function onNodesAll(
  flags: ReadonlyMap<string, string>,
  model: string | undefined,
): ReadonlyMap<string, string> {
  return new Map([...flags].map(([name, value]) => [name, mounted(value, model)]));
}

/** `/model` by its path on the nodes, also in JSON. */
function mounted(text: string, model: string | undefined): string {
  if (model === undefined) return text;
  if (/^\s*[[{]/.test(text))
    return text.replace(/"(\/model(?:\/[^"]*)?)"(?!:)/g, (_, path: string) => `"${onNodes(path, model)}"`);
  return isMounted(text) ? onNodes(text, model) : text;
}

function roleArguments(
  role: RecipeRole,
  { engine, frontend }: Recipe,
  told: (entry: ConfigEntry) => boolean,
): ReadonlyMap<string, string> {
  if (engine.name === 'trtllm') {
    const file = role.args
      .filter((entry) => !told(entry))
      .map(
        (entry) => [String(entry.path.at(-1)).replaceAll('-', '_'), canonical(plain(entry.value))] as const,
      );
    return new Map(file);
  }
  const flags = new Map([
    ...commandLine([...engine.knobs, ...role.args], told),
    ...flagsOf(role.words.filter(({ entry }) => !told(entry)).map(({ value }) => value)),
  ]);
  if (engine.name === 'vllm') {
    const connector = connectorOf(role, { engine, frontend });
    flags.delete('connector');
    const ranks = Number(flags.get('data-parallel-size') ?? 1);
    const apart = engine.ranksApart;
    if (apart !== undefined && !told(apart) && ranks > 1) flags.set(RANKS_APART, 'true');
    if (connector !== undefined && !role.args.some((entry) => isGiven(entry, 'kv-transfer-config')))
      flags.set('kv-transfer-config', canonical(CONNECTORS[connector] ?? connector));
  }
  if (
    (role.kvEvents && !told(role.kvEvents)) ||
    role.args.some((entry) => isGiven(entry, 'kv-events-config'))
  )
    flags.set('kv-events', 'true');
  return flags;
}

function isGiven({ path, value }: ConfigEntry, name: string): boolean {
  return flagName(String(path.at(-1))) === name && !isNull(value);
}

/** The role's own connector, else the engine's; Dynamo's workers of prefill and decode take NIXL where both name none. */
function connectorOf(
  role: RecipeRole,
  { engine, frontend }: Pick<Recipe, 'engine' | 'frontend'>,
): string | undefined {
  const own = role.args.find((entry) => isGiven(entry, 'connector'))?.value;
  const usual = frontend.type === 'none' ? null : (engine.connector ?? { value: 'nixl' }).value;
  const named = own === undefined ? usual : own.kind === 'scalar' ? spelled(own) : canonical(plain(own));
  if (named !== null && !/^(none|null|)$/i.test(named)) return named;
  return role.role === 'aggregated' || frontend.type === 'none' ? undefined : 'nixl';
}

const CONNECTORS: Readonly<Record<string, string>> = {
  nixl: '{"kv_connector":"NixlConnector","kv_role":"kv_both"}',
  lmcache: '{"kv_connector":"LMCacheConnectorV1","kv_role":"kv_both"}',
  kvbm: '{"kv_connector":"DynamoConnector","kv_role":"kv_both","kv_connector_module_path":"kvbm.vllm_integration.connector"}',
};

/**
 * Arguments as srt-slurm writes them: in the order of their names, `_` as `-`, true a bare flag, false and null nothing; the
 * last of a name counts.
 */
function commandLine(
  entries: readonly ConfigEntry[],
  told: (entry: ConfigEntry) => boolean,
): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  const inOrder = [...entries].sort((one, other) =>
    String(one.path.at(-1)) < String(other.path.at(-1)) ? -1 : 1,
  );
  for (const entry of inOrder) {
    const name = flagName(String(entry.path.at(-1)));
    const { value } = entry;
    const nothing = value.kind === 'scalar' && (value.value === null || value.value === false);
    if (nothing || told(entry) || LAUNCHERS.has(name)) continue;
    flags.set(name, canonical(value.kind === 'scalar' ? spelled(value) : plain(value)));
    const bare =
      value.kind === 'scalar' ? value.value === true : value.kind === 'list' && !value.items.length;
    if (bare) flags.set(name, 'true');
  }
  return flags;
}
