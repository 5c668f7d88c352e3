import { join } from 'node:path';
import type { RunState } from '../../observe/run-state.ts';
import { LOCAL } from '../cluster/connect.ts';
import type { World } from '../world.ts';

/** A node that was to blame for the end of a run. */
export interface BadNode {
  readonly node: string;
  readonly reason: string;
  /** Id of the run. */
  readonly run: string;
  /** RFC 3339. */
  readonly time: string;
  /** The user said that it is well again; what was before this time does not count. RFC 3339. */
  readonly forgotten?: string;
}

/** Milliseconds that a node stays out of new jobs: administrators see to most within a day. */
const KEPT = 24 * 3_600_000;

/** The user's notes on the nodes of a cluster. */
function file(cluster: string, { env, home }: World): string {
  return join(env.XDG_STATE_HOME || join(home, '.local/state'), 'dyn-slurm/nodes', `${cluster}.json`);
}

/** Names of the clusters of which something is noted. */
export async function notedClusters(world: World): Promise<readonly string[]> {
  const names = await world.listDir(join(file('', world), '..'));
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .sort();
}

/** By name; those that count, not those that the user has forgotten. Notes that cannot be read are none. */
export async function badNodes(cluster: string, world: World): Promise<readonly BadNode[]> {
  return (await entries(cluster, world)).filter(({ forgotten, time }) => !(forgotten && forgotten >= time));
}

async function entries(cluster: string, world: World): Promise<readonly BadNode[]> {
  let value: unknown;
  try {
    value = JSON.parse(await world.readFile(file(cluster, world)));
  } catch {
    return [];
  }
  const since = new Date(world.now().getTime() - KEPT).toISOString();
  return (Array.isArray(value) ? value : [])
    .filter(isBadNode)
    .filter(({ time, forgotten = '' }) => time >= since || forgotten >= since)
    .sort((a, b) => a.node.localeCompare(b.node));
}

function isBadNode(value: unknown): value is BadNode {
  const fields = ['node', 'reason', 'run', 'time'] as const;
  return (
    typeof value === 'object' &&
    value !== null &&
    fields.every((name) => typeof (value as Record<string, unknown>)[name] === 'string')
  );
}

async function write(cluster: string, nodes: readonly BadNode[], world: World): Promise<void> {
  await world.writeFile(file(cluster, world), `${JSON.stringify(nodes, null, 2)}\n`, 0o600);
}

/** Notes the nodes that a run's end is to be laid at. A home that cannot be written to is no error. */
export async function noteBadNodes(
  run: string,
  cluster: string,
  state: RunState,
  world: World,
): Promise<void> {
  const blamed = blamedNodes(run, state);
  if (blamed.length === 0 || cluster === LOCAL) return;
  const known = await entries(cluster, world);
  const news = blamed.filter(({ node, time }) => {
    const entry = known.find((one) => one.node === node);
    return entry === undefined || (time > entry.time && time > (entry.forgotten ?? ''));
  });
  if (news.length === 0) return;
  const rest = known.filter(({ node }) => !news.some((one) => one.node === node));
  await write(cluster, [...rest, ...news], world).catch(() => {});
}

/** Those that the preflight blames, and those that Slurm says have failed. */
function blamedNodes(run: string, { preflight, verdict }: RunState): readonly BadNode[] {
  const time = verdict?.time ?? preflight?.time ?? '';
  const found = (preflight?.blamed ?? []).map(({ node, reason }) => ({ node, reason, run, time }));
  const [, failed = ''] =
    verdict?.outcome === 'failed' ? (/^([\w.,[\]-]+) failed$/.exec(verdict.reason) ?? []) : [];
  // A list in brackets would have to be expanded by Slurm.
  const nodes = failed.includes('[')
    ? []
    : failed.split(',').filter((node) => node !== '' && node !== 'node');
  return [...found, ...nodes.map((node) => ({ node, reason: 'failed while a job ran on it', run, time }))];
}

/** Takes nodes for well again; false where one of them is not noted. */
export async function forgetNode(node: string, cluster: string, world: World): Promise<boolean> {
  const known = await entries(cluster, world);
  const counts = (await badNodes(cluster, world)).some((one) => one.node === node);
  if (!counts) return false;
  const forgotten = world.now().toISOString();
  await write(
    cluster,
    known.map((one) => (one.node === node ? { ...one, forgotten } : one)),
    world,
  );
  return true;
}
