import type { Findings } from '../finding.ts';
import type { Found, Keys } from '../keys.ts';
import { ENGINES } from './engine.ts';
import type { Colocation, EngineName, RecipeRole, RoleName } from './recipe.ts';
import { isOn, kvEvents, NAMES, restartOf, wordsOf } from './role-settings.ts';
import { type Given, resolveSizes } from './sizes.ts';

/** The sections that say what a role is. */
export interface RoleSections {
  readonly root: Keys;
  readonly resources: Keys;
  readonly backend: Keys;
  readonly engine: EngineName;
  readonly gpusPerNode: number;
  readonly colocation: Colocation;
}

/** The roles of a recipe, by schema 1 (`resources`, `backend`), by schema 2 (`roles`) or by both. */
export function readRoles(sections: RoleSections, findings: Findings): readonly RecipeRole[] {
  const { root, resources, backend, engine } = sections;
  const roles = root.section('roles');
  const config = backend.section(`${engine}_config`);
  const events = kvEvents(backend, engine);
  const spread = resources.flag('spread_workers')?.value ?? false;
  const given = NAMES.flatMap(([role, short]) => {
    const own = roles.section(short);
    const one = givenRole(role, short, { own, resources, backend, config }, findings);
    const kv = own.take('kv_events') ?? events.get(role);
    own.finish('is a key of a role that dyn-slurm has no counterpart for');
    return one === undefined ? [] : [{ ...one, kvEvents: kv && isOn(kv) ? kv : undefined }];
  });
  for (const [role, entry] of events)
    if (entry.value.kind === 'map' && !given.some((one) => one.role === role))
      findings.note(entry, `belongs to ${role} workers, which the recipe does not have`);
  roles.refuseRest('is not a role that dyn-slurm knows: those are prefill, decode and agg');
  config.refuseRest(
    'is not a role of the engine: those are prefill, decode and aggregated',
    'write the arguments that all workers of a role have under the name of the role',
  );
  for (const other of ENGINES.filter((one) => one !== engine))
    backend
      .section(`${other}_config`)
      .refuseRest(`belongs to ${other}, but the engine is ${engine}`, `set backend.type: ${other}`);
  const sized = resolveSizes(given, sections, findings);
  return sized.map(({ given: one, ...sizes }) => ({ ...one, ...sizes, spread }));
}

type Unsized = Given & Omit<RecipeRole, 'workers' | 'nodes' | 'gpus' | 'places' | 'spread' | 'kvEvents'>;

function givenRole(
  role: RoleName,
  short: string,
  { own, resources, backend, config }: Readonly<Record<'own' | 'resources' | 'backend' | 'config', Keys>>,
  findings: Findings,
): Unsized | undefined {
  const nodes = nodesOf(own, resources, short);
  const workers = own.count('workers') ?? resources.count(`${short}_workers`);
  const gpus = own.count('gpus') ?? resources.count(`gpus_per_${short}`);
  const heading = config.map?.entries.get(role);
  const args = [...config.entries(role), ...own.entries('args')];
  const env = [...backend.entries(`${role}_environment`), ...own.entries('env')];
  const words = [...wordsOf(own.take('extra_args')), ...wordsOf(backend.take(`${role}_extra_args`))];
  const critical = own.flag('critical') ?? resources.flag(`${short}_critical`);
  const restart = restartOf(own, findings);
  own.ignore(['engine'], 'is the engine of the job, which all roles share');
  own.lose(['container'], 'one job has one image', 'run all roles in an image that holds the engine');
  own.lose(
    ['srun_options'],
    'options of the sruns of one role cannot be set',
    'set them under slurm.srun for all roles',
  );
  own.lose(
    ['sidecar'],
    "Dynamo's native sidecars are not supported",
    "the engine runs inside Dynamo's worker instead",
  );
  const place = own.map ? own.place : (nodes?.entry ?? workers?.entry ?? gpus?.entry);
  if (place === undefined) {
    // Arguments and variables of a role that the recipe does not have.
    const [first = env[0]] = args;
    if (first !== undefined)
      findings.note(first, `belongs to ${role} workers, which the recipe does not have`);
    return undefined;
  }
  return {
    role,
    short,
    place,
    heading: heading ?? place,
    nodes,
    workers,
    gpus,
    args,
    env,
    words,
    critical,
    restart,
    fromRoles: own.map !== undefined,
  };
}

/** `colocate` is 0: on the nodes of prefill. */
function nodesOf(own: Keys, resources: Keys, short: string): Found<number> | undefined {
  const written = own.map?.entries.get('nodes');
  if (written?.value.kind === 'scalar' && /^colocate$/i.test(String(written.value.value))) {
    own.take('nodes');
    return { value: 0, entry: written };
  }
  return own.count('nodes') ?? resources.count(`${short}_nodes`);
}
