import { ROUTER_MODES } from '../../config/schema/sections.ts';
import { plain } from '../../config/yaml/tree.ts';
import { spelled } from '../keys.ts';
import { apart, MapBuilder, scalar } from '../tree.ts';
import { type Argument, argumentsOf, writeArguments } from './arguments.ts';
import type { Context } from './context.ts';
import { writeEnvironment } from './environment.ts';
import { imageName } from './model.ts';
import { writeNginx } from './nginx.ts';
import { modern } from './values.ts';

/** Arguments of Dynamo's frontend that are options of `frontend.router`. */
const ROUTER: ReadonlyMap<string, string> = new Map([
  ['router-kv-overlap-score-weight', 'kv_overlap_score_credit'],
  ['router-kv-overlap-score-credit', 'kv_overlap_score_credit'],
  ['kv-overlap-score-weight', 'kv_overlap_score_credit'],
  ['router-temperature', 'temperature'],
  ['kv-cache-block-size', 'block_size'],
]);

/** Switches of the same, with the value that each has for it. */
const SWITCHES: ReadonlyMap<string, readonly [key: string, value: boolean]> = new Map([
  ['kv-events', ['kv_events', true]],
  ['router-kv-events', ['kv_events', true]],
  ['no-kv-events', ['kv_events', false]],
  ['no-router-kv-events', ['kv_events', false]],
  ['router-replica-sync', ['replica_sync', true]],
  ['no-router-replica-sync', ['replica_sync', false]],
]);

const SETTINGS: ReadonlyMap<string, string> = new Map([
  ['request-plane', 'infra.request_plane'],
  ['event-plane', 'infra.event_plane'],
  ['migration-limit', 'dynamo.migration_limit'],
]);

/** `frontend`. */
export function writeFrontend(context: Context): MapBuilder {
  const { recipe, shared } = context;
  const { frontend } = recipe;
  const map = new MapBuilder(frontend.place);
  if (frontend.type !== 'dynamo') map.set('type', frontend.type, frontend.place);
  if (frontend.count !== 1) map.set('count', frontend.count, frontend.countPlace);
  if (frontend.dedicated && frontend.count === 1) map.set('dedicated_nodes', true, frontend.dedicated.entry);
  writeNginx(map, context);
  if (frontend.image) map.set('image', imageName(frontend.image, context), frontend.image.entry);
  const router = new MapBuilder(frontend.args[0] ?? frontend.place);
  const args = new MapBuilder(frontend.args[0] ?? frontend.place);
  const given = argumentsOf(frontend.args, context);
  const own = frontend.type === 'dynamo' ? takes : takesOfRouter;
  const rest = given.filter((argument) => !own(argument, { map, router }, context));
  const mode = shared.get('frontend.router_mode');
  if (mode !== undefined && mode.value !== 'round-robin') map.set('router_mode', mode.value, mode.place);
  writeArguments(args, rest, context, undefined);
  map.add('router', router, apart(frontend.place));
  writeFile(args, context);
  map.add('args', args, apart(frontend.args[0] ?? frontend.place));
  // srt-slurm gives the recipe's environment to Dynamo's frontends only.
  const around =
    frontend.type === 'dynamo' ? context : { ...context, recipe: { ...recipe, environment: [] } };
  map.add('env', writeEnvironment(frontend.env, around), apart(frontend.env[0] ?? frontend.place));
  return map;
}

/** What the orchestrator of TensorRT-LLM has in its file besides addresses. */
function writeFile(args: MapBuilder, context: Context): void {
  const { frontend } = context.recipe;
  const { prefill, decode, more } = frontend.file;
  for (const [list, entry] of Object.entries({ context_servers: prefill, generation_servers: decode }))
    if (entry) args.set(list, new MapBuilder(entry).set('router', modern(entry.value), entry).build(), entry);
  for (const entry of more) args.set(String(entry.path.at(-1)), modern(entry.value), entry);
}

/** What an engine's own router is told by dyn-slurm. */
const OF_ROUTER: ReadonlySet<string> = new Set([
  ...['host', 'port', 'prometheus-host', 'prometheus-port', 'worker-urls', 'prefill', 'decode'],
  ...['pd-disaggregation', 'vllm-pd-disaggregation'],
]);

function takesOfRouter({ name, entry }: Argument, _: unknown, { findings, recipe }: Context): boolean {
  if (!OF_ROUTER.has(name) || recipe.frontend.type === 'trtllm-serve') return false;
  findings.note(entry, `--${name} is set by dyn-slurm`);
  return true;
}

function takes(
  { name, entry }: Argument,
  { map, router }: { readonly map: MapBuilder; readonly router: MapBuilder },
  { findings, shared }: Context,
): boolean {
  const value = entry.value.kind === 'scalar' ? entry.value.value : undefined;
  const text = entry.value.kind === 'scalar' ? spelled(entry.value) : '';
  if (name === 'router-mode') {
    const mode = text.replaceAll('_', '-');
    if (ROUTER_MODES.some((one) => one === mode)) shared.set('frontend.router_mode', mode, entry);
    else
      findings.refuse(
        entry,
        `${JSON.stringify(text)} is not a router mode that dyn-slurm knows`,
        `it knows ${ROUTER_MODES.join(', ')}`,
      );
    return true;
  }
  const option = ROUTER.get(name);
  if (option !== undefined && Number.isFinite(Number(text)) && text !== '') {
    router.set(option, modern(scalar(Number(text), entry.value.range, text)), entry);
    return true;
  }
  const flip = SWITCHES.get(name);
  if (flip !== undefined && typeof value === 'boolean') {
    const before = router.get(flip[0]);
    if (value && before !== undefined && plain(before.value) !== flip[1])
      findings.lose(entry, `contradicts ${before.path.at(-1)} on line ${before.range.line}, which is kept`);
    else if (value) router.set(flip[0], flip[1], entry);
    return true;
  }
  const setting = SETTINGS.get(name);
  if (setting !== undefined) {
    if (value !== false) shared.set(setting, text, entry);
    return true;
  }
  if (name === 'http-port' && /^\d+$/.test(text)) {
    if (text !== '8000') map.set('port', Number(text), entry);
    return true;
  }
  if (name === 'http-host' || name === 'discovery-backend' || name === 'store-kv') {
    findings.note(entry, `--${name} is set by dyn-slurm`);
    return true;
  }
  return false;
}
