import type { Place } from '../finding.ts';
import { spelled, whatIs } from '../keys.ts';
import type { EngineName, RecipeRole } from '../recipe/recipe.ts';
import type { MapBuilder } from '../tree.ts';
import type { Argument } from './arguments.ts';
import { withConnector } from './connector.ts';
import type { Context } from './context.ts';
import { isMounted, jsonMap } from './values.ts';

/** What a role's arguments say that a config says by keys. */
export interface Taken {
  readonly sizes: Map<string, { readonly value: number; readonly place: Place }>;
  /** Keys of the role. */
  readonly settings: MapBuilder;
}

const SIZES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    tp: 'tensor-parallel-size tp-size tp',
    pp: 'pipeline-parallel-size pp-size pp',
    dp: 'data-parallel-size dp-size dp',
    ep: 'expert-parallel-size ep-size ep',
    dcp: 'decode-context-parallel-size dcp-size dcp',
  }).flatMap(([size, names]) => names.split(' ').map((name) => [name, size] as const)),
);

/** Those that an engine has as arguments; others it would not know, and TensorRT-LLM has them in its file. */
const SIZES_OF: Readonly<Record<EngineName, readonly string[]>> = {
  sglang: ['tp', 'pp', 'dp', 'ep'],
  vllm: ['tp', 'pp', 'dp', 'dcp'],
  mocker: ['dp'],
  trtllm: [],
};

/** What Dynamo's workers take, and the config says once for the job. */
const SETTINGS: ReadonlyMap<string, string> = new Map([
  ['dyn-tool-call-parser', 'dynamo.tool_call_parser'],
  ['dyn-reasoning-parser', 'dynamo.reasoning_parser'],
  ['custom-jinja-template', 'dynamo.custom_jinja_template'],
  ['migration-limit', 'dynamo.migration_limit'],
  ['request-plane', 'infra.request_plane'],
  ['event-plane', 'infra.event_plane'],
]);

/** Addresses, ports and ranks, which dyn-slurm gives to each process. */
const PLACES: ReadonlySet<string> = new Set([
  'port',
  'nccl-port',
  'dist-init-addr',
  'nccl-init-addr',
  'nnodes',
  'node-rank',
  'disaggregation-bootstrap-port',
  'data-parallel-rpc-port',
  'data-parallel-address',
  'data-parallel-size-local',
  'data-parallel-start-rank',
  'data-parallel-rank',
  'data-parallel-hybrid-lb',
  'master-addr',
  'master-port',
  'headless',
  'device-ids',
  'dump-config-to',
]);

/**
 * Takes out of a role's arguments what a config says by keys, and what srt-slurm's launcher and dyn-slurm both write
 * themselves. The rest is the engine's.
 */
export function ownArguments(
  role: RecipeRole,
  given: readonly Argument[],
  taken: Taken,
  context: Context,
): readonly Argument[] {
  const { recipe } = context;
  const rest = given.filter((argument) => !takes(argument, role, taken, context));
  if (recipe.engine.name === 'vllm') return withConnector(role, rest, context);
  if (recipe.engine.name === 'mocker') return [...rest, ...knobs(taken, context)];
  return rest;
}

function takes(argument: Argument, role: RecipeRole, taken: Taken, context: Context): boolean {
  const { name, entry } = argument;
  const { findings, shared, recipe } = context;
  const { engine } = recipe;
  const value = entry.value.kind === 'scalar' ? entry.value.value : undefined;
  const text = entry.value.kind === 'scalar' ? spelled(entry.value) : undefined;
  const known = SIZES.get(name);
  const size = known !== undefined && SIZES_OF[engine.name].includes(known) ? known : undefined;
  if (size !== undefined && text !== undefined && /^[1-9]\d{0,8}$/.test(text)) {
    // One is the default of all but tp; with an all-to-all backend SGLang would choose ep itself.
    const byItself = size === 'tp' || (size === 'ep' && role.args.some(isAllToAll));
    if (text !== '1' || byItself) taken.sizes.set(size, { value: Number(text), place: entry });
    return true;
  }
  if (size !== undefined && value !== false) {
    findings.refuse(entry, `must be a whole number of at least 1, not ${whatIs(entry.value)}`);
    return true;
  }
  if (known !== undefined && engine.name === 'mocker') {
    findings.lose(entry, 'the mock engine has no such size');
    return true;
  }
  const setting = SETTINGS.get(name);
  if (setting !== undefined && text !== undefined) {
    if (value !== false) shared.set(setting, text, entry);
    return true;
  }
  if (name === 'served-model-name' && entry.value.kind === 'scalar' && typeof value === 'string') {
    shared.set('model.served_name', value, entry);
    return true;
  }
  if (name === 'model-path' || name === 'model') {
    if (text !== undefined && !isMounted(text) && text !== recipe.model.path.value)
      findings.note(entry, `has no effect in srt-slurm, which passes the path of model.path itself`);
    return true;
  }
  if (name === 'disaggregation-mode') {
    const own = role.role === 'aggregated' ? ['null', 'agg', 'none'] : [role.role];
    if (value !== false && !own.includes(String(text)))
      findings.lose(
        entry,
        `is ${text}, but these are ${role.role} workers`,
        'dyn-slurm passes the mode of the role',
      );
    return true;
  }
  if (name === 'kv-events-config' && isUsualPublisher(text, role)) {
    taken.settings.set('kv_events', true, entry);
    findings.note(entry, 'becomes kv_events: true; dyn-slurm gives each worker a port of its own');
    return true;
  }
  const served = recipe.frontend.type !== 'dynamo';
  if (name === 'host' && (text === '0.0.0.0' || engine.name === 'vllm' || served)) {
    if (text !== '0.0.0.0') findings.note(entry, '--host is set by dyn-slurm');
    return true;
  }
  if (name === 'use-sglang-tokenizer' && typeof value === 'boolean') {
    if (value) shared.set('dynamo.sglang_tokenizer', 'true', entry);
    return true;
  }
  if (name === 'endpoint' && text !== undefined && /^dyn:\/\//.test(text)) {
    taken.settings.set('endpoint', text, entry);
    return true;
  }
  if (name === 'namespace' || name === 'discovery-backend' || name === 'store-kv') {
    findings.note(entry, `--${name} is set by dyn-slurm`);
    return true;
  }
  if (!PLACES.has(name)) return false;
  if (value !== false)
    findings.note(
      entry,
      `--${name} is not passed: dyn-slurm gives each process its own addresses, ports and ranks`,
    );
  return true;
}

/** Backends of SGLang that spread experts over all ranks. */
function isAllToAll({
  path,
  value,
}: {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}): boolean {
  const scalarValue = value as { readonly kind?: string; readonly value?: unknown };
  const name = String(path.at(-1)).replaceAll('_', '-');
  if (name === 'enable-deepep-moe') return scalarValue.value === true;
  return name === 'moe-a2a-backend' && scalarValue.value !== null && scalarValue.value !== 'none';
}

/** Events over ZMQ under the usual topic, at any port: what `kv_events` makes. */
function isUsualPublisher(text: string | undefined, role: RecipeRole): boolean {
  const map = text === undefined ? undefined : jsonMap(text, role.place.range);
  if (map?.kind !== 'map') return false;
  return [...map.entries].every(([key, { value }]) => {
    const one = value.kind === 'scalar' ? value.value : undefined;
    if (key === 'publisher') return one === 'zmq';
    if (key === 'topic') return one === 'kv-events';
    if (key === 'endpoint') return /^tcp:\/\/\*:\d+$/.test(String(one));
    return key === 'enable_kv_cache_events' && one === true;
  });
}

/** Settings of the mock engine, as arguments. */
function knobs(taken: Taken, { recipe }: Context): readonly Argument[] {
  return recipe.engine.knobs.flatMap((entry) => {
    const name = String(entry.path.at(-1)).replaceAll('_', '-');
    const value = entry.value.kind === 'scalar' ? entry.value.value : undefined;
    if (value === null) return [];
    if (name !== 'data-parallel-size') return [{ name, entry }];
    if (typeof value === 'number' && value > 1) taken.sizes.set('dp', { value, place: entry });
    return [];
  });
}
