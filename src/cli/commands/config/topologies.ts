import { type PublishedTopology, readPublishedTopology } from '../../../config/published-topology.ts';
import { plural } from '../../../config/text/plural.ts';
import { nearest } from '../../../config/text/suggestion.ts';
import { DynSlurmError, EXIT } from '../../../errors.ts';
import { type RoleShape, roleShapes } from '../../../plan/sizing.ts';
import { readTopology, topologyNames } from '../../runs/config/load.ts';
import { jsonText } from '../../sink.ts';
import { table } from '../../views/table.ts';
import type { World } from '../../world.ts';
import { filtered, type TopologyFilters } from './topology-filter.ts';

export interface TopologiesOptions extends TopologyFilters {
  readonly json?: boolean;
}

type ShownTopology = Omit<PublishedTopology, 'roles'> & { readonly roles: readonly RoleShape[] };

/** Lists the published topologies, or shows one as its file has it. @throws DynSlurmError `usage` where none fits */
export async function topologies(
  name: string | undefined,
  options: TopologiesOptions,
  world: World,
): Promise<number> {
  const known = await topologyNames(world);
  const { json, ...filters } = options;
  if (name === undefined) await list(known, options, world);
  else if (Object.keys(filters).length > 0) {
    throw new DynSlurmError('usage', 'options that filter topologies do not go with the name of one', {
      hint: `\`dyn-slurm topologies ${name}\` shows it`,
    });
  } else await show(name, known, options, world);
  return EXIT.ok;
}

async function list(
  names: readonly string[],
  { json, ...filters }: TopologiesOptions,
  world: World,
): Promise<void> {
  const all = await Promise.all(
    names.map(async (name) => ({ name, ...(await read(name, names, world)).topology })),
  );
  const found = filtered(all, filters, world.now());
  if (json) {
    world.out.write(jsonText(found));
    return;
  }
  const rows = found.map(({ name, gpu, engine, goal, source, precision, roles, title }) => [
    name,
    gpu,
    engine,
    goal,
    `${source.date_inferred ? '~' : ''}${source.date}`,
    precision ?? '',
    shape(roles),
    title,
  ]);
  world.out.write(
    table(['name', 'GPU', 'engine', 'goal', 'date', 'precision', 'shape', 'title'], rows, {
      ...world.page,
      expendable: ['title', 'precision', 'shape'],
    }),
  );
}

async function show(
  name: string,
  known: readonly string[],
  { json }: TopologiesOptions,
  world: World,
): Promise<void> {
  const { topology, text } = await read(name, known, world);
  world.out.write(json ? jsonText({ name, ...topology, text }) : text);
}

async function read(
  name: string,
  known: readonly string[],
  world: World,
): Promise<{ topology: ShownTopology; text: string }> {
  const file = await readTopology(name, known, world);
  if (file === undefined) throw unknown(name, known);
  const topology = readPublishedTopology(file);
  return { topology: { ...topology, roles: roleShapes(topology) }, text: file.text };
}

function unknown(name: string, known: readonly string[]): DynSlurmError {
  const near = nearest(name, known);
  const suggestion = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
  return new DynSlurmError('usage', `there is no topology ${JSON.stringify(name)}${suggestion}`, {
    hint: '`dyn-slurm topologies` lists them',
  });
}

/** `prefill 2×4, decode 1×12 nodes`: workers × nodes of one, or GPUs where several share a node. */
function shape(roles: readonly RoleShape[]): string {
  const parts = roles.map(({ role, workers, nodesPerWorker, gpusPerWorker }) => {
    const [each, unit] = nodesPerWorker > 0 ? [nodesPerWorker, 'node'] : [gpusPerWorker, 'GPU'];
    return each > 0
      ? { text: `${role} ${workers}×${each}`, each, unit }
      : { text: `${role} ${workers}×CPU`, each, unit: '' };
  });
  return parts
    .map(({ text, each, unit }, index) => {
      // A unit that the next part has too is written once.
      if (unit === '' || parts[index + 1]?.unit === unit) return text;
      return `${text} ${plural(each, unit)}`;
    })
    .join(', ');
}
