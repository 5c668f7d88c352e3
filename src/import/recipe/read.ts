import type { ConfigMap } from '../../config/yaml/tree.ts';
import type { Findings, Place } from '../finding.ts';
import { type Found, Keys } from '../keys.ts';
import { readIdentity, readProfiling } from './about.ts';
import { readBench } from './bench.ts';
import { readDynamo } from './dynamo.ts';
import { readEngine } from './engine.ts';
import { readFrontend } from './frontend.ts';
import type { Recipe } from './recipe.ts';
import { releaseOfEngine } from './releases.ts';
import { readRoles } from './roles.ts';
import { readServices } from './services.ts';
import { nodesNeeded, packsRoles } from './sizes.ts';
import { readHealth, readMounts, readSlurm } from './slurm.ts';

/** Reads one expanded recipe of either schema; undefined where it cannot be one, which is then told. */
export function readRecipe(map: ConfigMap, findings: Findings): Recipe | undefined {
  const place: Place = { range: { ...map.range, length: 1 }, path: [] };
  const root = new Keys(place, map, findings);
  const resources = root.section('resources');
  const backend = root.section('backend');
  const schema = schemaOf(root, findings);
  const name = required(root, 'name', findings);
  const model = readModel(root, findings);
  const gpu = resources.text('gpu_type');
  const perNode = resources.count('gpus_per_node');
  const gpusPerNode = { value: perNode?.value ?? 4, place: perNode?.entry ?? resources.place };
  if (perNode === undefined)
    findings.note(gpusPerNode.place, 'does not give gpus_per_node, which is then 4 in srt-slurm');
  if (gpusPerNode.value === 0) {
    findings.refuse(gpusPerNode.place, 'must be at least 1, not 0');
    return undefined;
  }
  const engine = readEngine(root, backend, findings);
  const { colocation } = engine;
  const sections = {
    root,
    resources,
    backend,
    engine: engine.name,
    gpusPerNode: gpusPerNode.value,
    colocation,
  };
  const roles = readRoles(sections, findings);
  const packed = packsRoles(roles, gpusPerNode.value, colocation);
  if (colocation.allowed?.value && !packed)
    findings.note(
      colocation.allowed.entry,
      'has no effect: the workers do not fit on one node, and allow_prefill_decode_colocation_across_nodes is not set',
    );
  else if (colocation.acrossNodes?.value && !packed)
    findings.note(colocation.acrossNodes.entry, 'has no effect without allow_prefill_decode_colocation');
  if (roles.length === 0 && !findings.refused)
    findings.refuse(
      resources.place,
      'has no workers',
      'set agg_workers, or prefill and decode workers with their nodes',
    );
  resources.ignore(['het_jobs'], 'dyn-slurm sends one job, whatever its roles are');
  resources.finish();
  const oneApart = root.section('benchmark').flag('colocate_with_frontend')?.value ?? true;
  const { infra, mooncake } = readServices(root, backend, findings);
  const nodes = workerNodes(roles, gpusPerNode.value, packed);
  const frontend = readFrontend(root, { schema, roles, nodes }, findings);
  const { about, frameworks, image } = readIdentity(root, findings);
  const images = [image, model?.container].flatMap((one) => one ?? []);
  const release = releaseOfEngine(engine.name, frameworks, images);
  const used = frontend.type === 'dynamo';
  const dynamo = readDynamo(root, { images, engine: engine.name, release, frameworks, used }, findings);
  const environment = root.entries('environment');
  const recipe = model &&
    name && {
      place,
      schema,
      name,
      model: model.model,
      about: [...model.about, ...about],
      gpu,
      gpusPerNode,
      engine: { ...engine, release },
      roles,
      packed,
      environment,
      frontend,
      dynamo,
      oneApart,
      infra,
      deadline: readHealth(root),
      slurm: readSlurm(root),
      mounts: readMounts(root, findings),
      setup: root.text('setup_script'),
      bench: readBench(root, findings),
      profiling: readProfiling(root, findings),
      mooncake,
    };
  backend.finish();
  dropRest(root);
  root.finish();
  return findings.refused ? undefined : recipe;
}

/** Nodes that hold workers. */
export function workerNodes(roles: Recipe['roles'], gpusPerNode: number, packed: boolean): number {
  if (!packed) return roles.reduce((sum, { nodes }) => sum + nodes, 0);
  const gpus = roles.reduce((sum, role) => sum + role.workers * role.gpus, 0);
  const least = Math.max(...roles.map(({ workers, gpus: each }) => nodesNeeded(workers, each, gpusPerNode)));
  return Math.max(Math.ceil(gpus / gpusPerNode), roles.length === 1 ? least : 0);
}

/** By the keys that are there; the number alone does not tell, for recipes of a time had keys of both. */
function schemaOf(root: Keys, findings: Findings): 1 | 2 {
  const given = root.count('schema');
  if (given !== undefined && given.value > 2)
    findings.refuse(
      given.entry,
      `schema ${given.value} is not known`,
      'this importer reads schema 1 and 2 of srt-slurm',
    );
  return (given?.value ?? 1) >= 2 || root.has('roles') || root.has('engine') ? 2 : 1;
}

function required(
  keys: Keys,
  key: string,
  findings: Findings,
  within: readonly string[] = [],
): Found<string> | undefined {
  const found = keys.text(key);
  if (found === undefined && !keys.map?.entries.get(key))
    findings.refuse(keys.place, `has no ${[...within, key].join('.')}, which a recipe needs`);
  else if (found === undefined || found.value.trim() === '')
    findings.refuse(
      keys.map?.entries.get(key) as Place,
      'must not be empty: the recipe leaves it to whoever runs it',
      'write it into the recipe first',
    );
  return found?.value.trim() === '' ? undefined : found;
}

interface ModelSection {
  readonly model: Recipe['model'];
  readonly container: Found<string>;
  readonly about: readonly string[];
}

function readModel(root: Keys, findings: Findings): ModelSection | undefined {
  const keys = root.section('model');
  const path = required(keys, 'path', findings, ['model']);
  const container = required(keys, 'container', findings, ['model']);
  const precision = keys.text('precision');
  keys.lose(
    ['stage_dir'],
    'weights are not copied to the nodes before the start',
    'name a path that is on each node already',
  );
  keys.finish();
  if (path === undefined || container === undefined) return undefined;
  const [, id] = /^hf:(.*)$/.exec(path.value) ?? [];
  const model = {
    place: keys.place,
    path: id === undefined ? path : { ...path, value: id },
    hub: id !== undefined,
    container,
  };
  return { model, container, about: precision ? [`precision: ${precision.value}`] : [] };
}

/** Sections that change nothing of what serves. */
function dropRest(root: Keys): void {
  root.take('lock');
  root.ignore(['enable_config_dump'], 'has had no effect in srt-slurm for long');
  root.ignore(['output'], 'dyn-slurm keeps all logs in its run folder');
  root.ignore(['reporting'], 'results are not sent anywhere by dyn-slurm');
  root.ignore(
    ['telemetry', 'observability', 'tachometer'],
    'dyn-slurm samples metrics by itself; see observe.metrics and observe.gpu_log',
  );
  root.lose(
    ['host_setup'],
    'nothing is run on the hosts before the containers',
    'put it into the preamble of the cluster profile',
  );
  root.lose(['post_eval'], 'no evaluation follows the benchmark');
}
