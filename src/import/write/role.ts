import { count } from '../../config/text/plural.ts';
import type { ConfigEntry } from '../../config/yaml/tree.ts';
import { spelled, whatIs } from '../keys.ts';
import { RANKS_APART } from '../recipe/engine.ts';
import { workerNodes } from '../recipe/read.ts';
import type { Recipe, RecipeRole } from '../recipe/recipe.ts';
import { nodesNeeded } from '../recipe/sizes.ts';
import { apart, list, MapBuilder, scalar } from '../tree.ts';
import { argumentsOf, writeArguments } from './arguments.ts';
import type { Context } from './context.ts';
import { ownArguments, type Taken } from './engine-arguments.ts';
import { placedTree } from './paths.ts';
import { writeWorkerEnvironment } from './worker-environment.ts';

/** One role of workers. */
export function writeRole(role: RecipeRole, context: Context): MapBuilder {
  const { recipe } = context;
  const map = new MapBuilder(role.place);
  writeSizes(map, role, context);
  const taken: Taken = { sizes: new Map(), settings: new MapBuilder(role.place) };
  const args = new MapBuilder(role.args[0] ?? role.place);
  const words = new MapBuilder(role.place);
  if (recipe.engine.name === 'trtllm') writeEngineFile(args, role, taken, context);
  else {
    const left = ownArguments(role, argumentsOf(role.args, context), taken, context);
    writeArguments(args, left, context, words);
    if ((taken.sizes.get('dp')?.value ?? 1) > 1) writeRanksApart(args, context);
  }
  // Engines take 1 where nobody says; dyn-slurm takes all GPUs of the worker.
  if (!taken.sizes.has('tp') && role.gpus > 1 && recipe.engine.name !== 'mocker')
    taken.sizes.set('tp', { value: 1, place: role.places.gpus });
  for (const size of ['tp', 'pp', 'dp', 'ep', 'dcp']) {
    const entry = taken.sizes.get(size);
    if (entry !== undefined) map.set(size, entry.value, entry.place);
  }
  for (const [key, entry] of taken.settings.build().entries) map.set(key, entry.value, entry);
  if (role.kvEvents) writeKvEvents(map, role.kvEvents, context);
  if (role.restart) map.set('restart', role.restart.value, role.restart.entry);
  if (role.critical?.value === false) map.set('critical', false, role.critical.entry);
  if (recipe.engine.name === 'trtllm') writeTrtllm(map, context);
  map.add('args', args, apart(role.args[0] ?? role.place));
  const flags = words.get('flags')?.value;
  const further = role.words.map(({ value, entry }) => scalar(value, entry.range));
  const all = [...(flags?.kind === 'list' ? flags.items : []), ...further];
  if (all.length > 0) map.set('flags', list(all, all[0]?.range ?? role.place.range), role.words[0]?.entry);
  map.add('env', writeWorkerEnvironment(role, context), apart(role.env[0] ?? role.place));
  return map;
}

/** Whether workers of several roles share nodes. */
function isShared({ roles, packed }: Recipe): boolean {
  return roles.some(({ nodes }) => nodes === 0) || packed;
}

/** Roles that share nodes fill them one after the other, so that a recipe cannot keep more nodes than they take. */
export function checkPacking({ recipe, findings }: Context): void {
  const { roles, packed, gpusPerNode } = recipe;
  const [first] = roles;
  if (!isShared(recipe) || first === undefined) return;
  if (roles.some(({ spread, gpus }) => spread && gpus < gpusPerNode.value)) {
    findings.refuse(
      first.places.nodes,
      'spreads the workers of roles that share nodes (spread_workers), which dyn-slurm packs',
      'give each role nodes of its own, or drop spread_workers',
    );
    return;
  }
  const free: number[] = [];
  let whole = 0;
  for (const { workers, gpus } of roles) {
    for (let index = 0; index < workers; index += 1) {
      const at = free.findIndex((left) => left >= gpus);
      if (gpus >= gpusPerNode.value) whole += Math.ceil(gpus / gpusPerNode.value);
      else if (at >= 0) free[at] = (free[at] ?? 0) - gpus;
      else free.push(gpusPerNode.value - gpus);
    }
  }
  const nodes = workerNodes(roles, gpusPerNode.value, packed);
  if (whole + free.length !== nodes)
    findings.refuse(
      first.places.nodes,
      `${count(nodes, 'node')} hold these workers in the recipe, but dyn-slurm packs them onto ${whole + free.length}`,
      'give each role nodes of its own',
    );
  else if (packed)
    for (const { places } of roles)
      findings.note(
        places.nodes,
        `counts for nothing: the workers of all roles are packed onto ${count(nodes, 'node')}`,
      );
}

/**
 * Workers, nodes and GPUs. `nodes` alone divides whole nodes among the workers; `gpus_per_worker` alone fills nodes one after
 * the other, together with other roles; both keep the role on nodes of its own.
 */
function writeSizes(
  map: MapBuilder,
  { workers, nodes, gpus, places, spread }: RecipeRole,
  { recipe }: Context,
): void {
  const perNode = recipe.gpusPerNode.value;
  const shared = isShared(recipe);
  if (workers !== 1) map.set('workers', workers, places.workers);
  const whole = nodes % workers === 0 && (nodes / workers) * perNode === gpus;
  if (whole && !shared) {
    map.set('nodes', nodes, places.nodes);
    return;
  }
  const fills =
    nodes === nodesNeeded(workers, gpus, perNode) &&
    (recipe.roles.length === 1 || workers * gpus === nodes * perNode);
  if (!shared && (spread || !fills)) map.set('nodes', nodes, places.nodes);
  map.set('gpus_per_worker', gpus, places.gpus);
  if (spread && gpus < perNode && workers > 1) map.set('spread', true, places.nodes);
}

/** Each data parallel rank as a process of its own, which srt-slurm has by a setting, and dyn-slurm by vLLM's argument. */
function writeRanksApart(args: MapBuilder, { recipe, findings }: Context): void {
  const entry = recipe.engine.ranksApart;
  if (entry === undefined || args.get(RANKS_APART) !== undefined) return;
  const { type } = recipe.frontend;
  if (type === 'dynamo') args.set(RANKS_APART, scalar(true, entry.range), entry);
  else if (type === 'none')
    findings.note(entry, 'has no effect: vLLM itself balances the ranks of a worker that answers clients');
  else
    findings.lose(
      entry,
      `needs Dynamo's frontend, and frontend.type is ${type}: one process on each node serves its ranks`,
    );
}

/** What TensorRT-LLM's workers are told beside their file. */
function writeTrtllm(map: MapBuilder, { recipe: { engine } }: Context): void {
  if (engine.publishes?.value) map.set('kv_events', true, engine.publishes.entry);
  if (engine.numa) map.set('numa', engine.numa.value, engine.numa.entry);
}

function writeKvEvents(map: MapBuilder, entry: ConfigEntry, { recipe, findings }: Context): void {
  if (recipe.engine.name === 'mocker') {
    findings.lose(entry, 'the mock engine has no setting for KV cache events');
    return;
  }
  map.set('kv_events', true, entry);
  if (entry.value.kind !== 'map') return;
  for (const [key, one] of entry.value.entries) {
    const value = one.value.kind === 'scalar' ? spelled(one.value) : '';
    const usual =
      (key === 'topic' && value === 'kv-events') ||
      (key === 'publisher' && value === 'zmq') ||
      key === 'enable_kv_cache_events';
    if (!usual) findings.lose(one, `${key} of KV cache events is set by dyn-slurm`);
  }
}

/** Sizes in an engine file of TensorRT-LLM. */
const FILE_SIZES: ReadonlyMap<string, string> = new Map([
  ['tensor_parallel_size', 'tp'],
  ['pipeline_parallel_size', 'pp'],
  ['moe_expert_parallel_size', 'ep'],
]);

/** What Dynamo's worker takes on its command line, and not in the file. */
const LAUNCHED: ReadonlyMap<string, string> = new Map([
  ['model', 'the model is model.path'],
  ['model_path', 'the model is model.path'],
  ['served_model_name', 'the name is model.served_name'],
]);

/** The engine's file of TensorRT-LLM, in which `null` and `false` are values. */
function writeEngineFile(args: MapBuilder, role: RecipeRole, { sizes }: Taken, context: Context): void {
  for (const entry of role.args) {
    const key = String(entry.path.at(-1));
    const size = FILE_SIZES.get(key);
    const number = entry.value.kind === 'scalar' ? entry.value.value : undefined;
    if (size !== undefined && !(typeof number === 'number' && Number.isSafeInteger(number) && number > 0))
      context.findings.refuse(entry, `must be a whole number of at least 1, not ${whatIs(entry.value)}`);
    else if (LAUNCHED.has(key))
      context.findings.lose(entry, `is no setting of the engine's file: ${LAUNCHED.get(key)}`);
    else if (size !== undefined && typeof number === 'number') {
      if (size !== 'pp' || number !== 1) sizes.set(size, { value: number, place: entry });
    } else {
      if (key.includes('-'))
        context.findings.note(entry, `is written ${key.replaceAll('-', '_')}, as TensorRT-LLM calls it`);
      args.set(key.replaceAll('-', '_'), placedTree(entry.value, entry, context), entry);
    }
  }
}
