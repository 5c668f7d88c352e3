import { alternatives } from '../../config/text/suggestion.ts';
import { DynSlurmError, errorText, withFallback } from '../../errors.ts';
import { findRun, listRuns, type Run } from '../../run/folder.ts';
import { grouped } from '../grouping.ts';
import type { World } from '../world.ts';
import { clusterNames, readProfile } from './cluster/clusters.ts';
import { type Connection, connect, type FoundRun } from './cluster/connect.ts';
import type { RefusedProfile } from './cluster/refusal.ts';
import { type Meant, newestMeant } from './newest.ts';

export interface LookupOptions {
  /** Look only where this cluster profile keeps its runs. */
  readonly cluster?: string;
}

/** Commands decide once which run they mean where none is named; by default `shown`. */
export type Lookup = LookupOptions & { readonly meant?: Meant };

const DEFAULT = 'default';

/** The run that a person means; see Meant for none. @throws DynSlurmError `usage` where there is none. */
export async function lookUpRun(query: string | undefined, options: Lookup, world: World): Promise<FoundRun> {
  const [found, ...others] = await lookUpEach(query === undefined ? [] : [query], options, world);
  if (found === undefined) throw new Error('a look-up without an answer');
  if (others.length > 0) throw severalRuns(query ?? '', [found, ...others]);
  return found;
}

/** The only run of a group. @throws DynSlurmError `usage` where it has several */
export function onlyOfGroup(runs: readonly FoundRun[], query: string): FoundRun | undefined {
  const exact = groupAmong(runs, query, (id) => id === query);
  const group = exact.length > 0 ? exact : groupAmong(runs, query, (id) => id.startsWith(query));
  if (group.length > 1) throw severalRuns(query, group);
  return group[0];
}

function severalRuns(query: string, group: readonly FoundRun[]): DynSlurmError {
  const ids = group.map(({ run }) => run.id);
  return new DynSlurmError('usage', `${query} is a group of ${ids.length} runs, and this command takes one`, {
    hint: `name one of ${alternatives(ids.length > MOST_IDS ? [...ids.slice(0, MOST_IDS), 'others'] : ids)}`,
  });
}

const MOST_IDS = 8;

/** Like lookUpRun, for several, and for groups. Runs of one cluster share its connection. */
export async function lookUpEach(
  queries: readonly string[],
  options: Lookup,
  world: World,
): Promise<readonly FoundRun[]> {
  const runs = await lookUpRuns(options, world);
  const each: readonly (string | undefined)[] = queries.length === 0 ? [undefined] : queries;
  const found = new Map<string, FoundRun>();
  for (const query of each) {
    const meant =
      query === undefined
        ? [await newestMeant(runs, options.meant ?? 'shown', world)]
        : await pickEach(runs, query, options, world);
    for (const one of meant) {
      if (!one) throw notFound(query, await distantClusters(options, world));
      found.set(one.run.dir, one);
    }
  }
  return [...found.values()];
}

function notFound(query: string | undefined, distant: readonly string[]): DynSlurmError {
  const where = 'runs are searched in the runs folders of the cluster profiles';
  const hint =
    query === undefined && distant.length > 0
      ? `remote clusters are searched only on request: ${askingFor(distant)}`
      : `see the runs with \`dyn-slurm status\`, or name the run's folder; ${where}`;
  return new DynSlurmError(
    'usage',
    query === undefined ? 'there are no runs yet' : `there is no run ${query}`,
    { hint },
  );
}

/** `--cluster a, --cluster b` */
export function askingFor(clusters: readonly string[]): string {
  return clusters.map((name) => `--cluster ${name}`).join(', ');
}

/** The runs of a group, or the run that is named, here or at a distance; undefined in place of one that is not there. */
async function pickEach(
  runs: readonly FoundRun[],
  query: string,
  options: LookupOptions,
  world: World,
): Promise<readonly (FoundRun | undefined)[]> {
  const group = groupAmong(runs, query, (id) => id === query);
  if (group.length > 0) return group;
  const one = await pick(runs, query, world);
  if (one) return [one];
  const begun = groupAmong(runs, query, (id) => id.startsWith(query));
  if (begun.length > 0) return begun;
  const far = await pickAtDistance(query, options, world);
  if (far?.run.job?.group !== query) return [far];
  return groupAmong(await runsOf([far.connection], world), query, (id) => id === query);
}

/** The runs of a group in the order of their submission. @throws DynSlurmError `usage` where several groups fit */
function groupAmong(
  runs: readonly FoundRun[],
  query: string,
  fits: (id: string) => boolean,
): readonly FoundRun[] {
  const own = runs.filter(({ run: { job } }) => job?.group !== undefined && fits(job.group));
  const ids = [...new Set(own.map(({ run }) => run.job?.group ?? ''))];
  if (ids.length > 1)
    throw new DynSlurmError('usage', `several groups begin with ${query}: ${ids.join(', ')}`);
  const place = ({ run: { job } }: FoundRun) => `${job?.submitted} ${job?.jobId.padStart(12)}`;
  return own.toSorted((a, b) => (place(a) < place(b) ? -1 : 1));
}

/** The one of these runs that is named; undefined where none fits. */
export async function pick(
  runs: readonly FoundRun[],
  query: string,
  world: World,
): Promise<FoundRun | undefined> {
  const host = runs[0]?.connection.host ?? (await anyConnection(world)).host;
  const run = await findRun(
    host,
    runs.map((found) => found.run),
    query,
    world.cwd,
  );
  if (run === undefined) return undefined;
  return (
    runs.find(({ run: { dir } }) => dir === run.dir) ?? { run, connection: await connectionOf(run, world) }
  );
}

/** Runs that are named, and are not here, are looked for on the clusters at a distance, one after the other. */
export async function pickAtDistance(
  query: string,
  options: LookupOptions,
  world: World,
): Promise<FoundRun | undefined> {
  let unreachable: DynSlurmError | undefined;
  for (const connection of await distantConnections(options, world)) {
    try {
      const runs = await runsOf([connection], world);
      // One of a group stands for all.
      const [first] = groupAmong(runs, query, (id) => id === query);
      const found = first ?? (await pick(runs, query, world));
      if (found) return found;
    } catch (error) {
      if (!(error instanceof DynSlurmError) || error.code !== 'connection') throw error;
      unreachable ??= error;
    }
  }
  if (unreachable) throw unreachable;
  return undefined;
}

/** Names of the clusters whose runs are not among those of `lookUpRuns`. */
export async function distantClusters(options: LookupOptions, world: World): Promise<readonly string[]> {
  return (await distantConnections(options, world)).map(({ cluster }) => cluster);
}

async function distantConnections(options: LookupOptions, world: World): Promise<readonly Connection[]> {
  if (chosenCluster(options, world) !== undefined) return [];
  const names = await clusterNames(world);
  const others = names.filter((name) => name !== DEFAULT).map((name) => usable(name, names, world));
  return (await Promise.all(others)).filter((one): one is Connection => one?.host.dial !== undefined);
}

/**
 * All runs, newest first: of the cluster that was asked for, else of those that are here, and of the default one.
 * Others may ask for a log-in, and are asked only for a run that is named.
 */
export async function lookUpRuns(options: LookupOptions, world: World): Promise<readonly FoundRun[]> {
  return runsOf(await connectionsFor(options, world), world);
}

async function runsOf(connections: readonly Connection[], world: World): Promise<readonly FoundRun[]> {
  const found: FoundRun[] = [];
  const strangers = new Map<string, Connection>();
  for (const keepers of grouped(connections, ({ host, runsDir }) => `${host.name}:${runsDir}`)) {
    const [first] = keepers;
    for (const run of await listRuns(first.host, first.runsDir)) {
      const cluster = run.job?.cluster ?? first.cluster;
      const own = keepers.find((keeper) => keeper.cluster === cluster) ?? strangers.get(cluster);
      const connection = own ?? (await strangerIn(first, cluster, world));
      if (own === undefined) strangers.set(cluster, connection);
      found.push({ run, connection });
    }
  }
  const submitted = ({ run }: FoundRun) => run.job?.submitted ?? '';
  return found.sort((a, b) => submitted(b).localeCompare(submitted(a)));
}

/**
 * Where one cluster was asked for, its folder may hold runs of others on this machine, such as rehearsals: only their own
 * Slurm knows their jobs.
 */
async function strangerIn(keeper: Connection, cluster: string, world: World): Promise<Connection> {
  if (keeper.host.dial) return keeper;
  const own = await usable(cluster, await clusterNames(world), world);
  return own === undefined || own.host.dial ? keeper : own;
}

/**
 * The cluster that was asked for, else all that can be reached. Of the latter, a profile with errors is nobody's
 * business here, unless a run turns out to need it.
 */
async function connectionsFor(options: LookupOptions, world: World): Promise<readonly Connection[]> {
  const names = await clusterNames(world);
  const chosen = chosenCluster(options, world);
  if (chosen !== undefined) return [connect(await readProfile(chosen, names, world), world)];
  const connections: Connection[] = [];
  for (const name of [DEFAULT, ...names.filter((other) => other !== DEFAULT)]) {
    const connection = await usable(name, names, world);
    if (connection && (name === DEFAULT || !connection.host.dial)) connections.push(connection);
  }
  return connections;
}

function chosenCluster({ cluster }: LookupOptions, { env }: World): string | undefined {
  return cluster ?? (env.DYN_SLURM_CLUSTER || undefined);
}

/** Undefined where the profile has errors. A file of it that must not be used is left out, and told of once. */
async function usable(name: string, names: readonly string[], world: World): Promise<Connection | undefined> {
  const warn = (refused: RefusedProfile) => warnOnce(refused, world);
  const profile = await withFallback(readProfile(name, names, world, warn), undefined);
  return profile && connect(profile, world);
}

const warned = new WeakMap<World['self'], Set<string>>();

function warnOnce(refused: RefusedProfile, { self, err }: World): void {
  const { message } = refused;
  const told = warned.get(self) ?? new Set();
  warned.set(self, told);
  if (told.has(message)) return;
  told.add(message);
  err.write(`warning: ${errorText(refused)}`);
}

async function connectionOf(run: Run, world: World): Promise<Connection> {
  const cluster = run.job?.cluster;
  return cluster === undefined
    ? anyConnection(world)
    : connect(await readProfile(cluster, await clusterNames(world), world), world);
}

/** For what needs no Slurm. */
async function anyConnection(world: World): Promise<Connection> {
  return connect({ name: 'default' }, world);
}
