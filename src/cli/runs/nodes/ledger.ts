import { join } from 'node:path';
import type { z } from 'zod';
import { withFallback } from '../../../errors.ts';
import { blameInLog, type RunSignature } from '../../../observe/run-signature.ts';
import type { Plan } from '../../../plan/plan.ts';
import { type Blame, FAILED } from '../../../run/blame.ts';
import { fields, list, parseJson, read, text } from '../../../run/lenient.ts';
import type { RunState } from '../../../run/state.ts';
import { expandHostlist } from '../../../scheduler/hostlist.ts';
import type { GivenOptions } from '../../../scheduler/scheduler.ts';
import type { World } from '../../world.ts';
import { type Connection, type FoundRun, LOCAL } from '../cluster/connect.ts';
import { namesIn, stateFolder } from '../own-folders.ts';

const BAD_NODE = fields(
  {
    node: text,
    reason: text,
    /** Id of the run. */
    run: text,
    /** RFC 3339. */
    time: text,
  },
  {
    /** The user said that it is well again; what was before this time does not count. RFC 3339. */
    forgotten: text,
  },
);

/** A node that was to blame for the end of a run. */
export type BadNode = z.output<typeof BAD_NODE>;

/** Milliseconds that a node stays out of new jobs: administrators see to most within a day. */
const KEPT = 24 * 3_600_000;

const folder = (world: World): string => join(stateFolder(world), 'nodes');

/** The user's notes on the nodes of a cluster. */
const file = (cluster: string, world: World): string => join(folder(world), `${cluster}.json`);

/** Names of the clusters of which something is noted. */
export async function notedClusters(world: World): Promise<readonly string[]> {
  return namesIn(folder(world), '.json', world);
}

/** Excluded nodes by name, without those that the user has forgotten. Notes that cannot be read are none. */
export async function badNodes(cluster: string, world: World): Promise<readonly BadNode[]> {
  return (await entries(cluster, world)).filter(({ forgotten, time }) => !(forgotten && forgotten >= time));
}

async function entries(cluster: string, world: World): Promise<readonly BadNode[]> {
  const text = await world.readFile(file(cluster, world)).catch(() => '');
  const since = oldest(world);
  return (read(list(BAD_NODE), parseJson(text)) ?? [])
    .filter(({ time, forgotten = '' }) => time >= since || forgotten >= since)
    .sort((a, b) => a.node.localeCompare(b.node));
}

const oldest = (world: World): string => new Date(world.now().getTime() - KEPT).toISOString();

async function write(cluster: string, nodes: readonly BadNode[], world: World): Promise<void> {
  await world.writeFile(file(cluster, world), `${JSON.stringify(nodes, null, 2)}\n`, 0o600);
}

/**
 * Notes the nodes that trouble of a run was laid at; what is older than a day counts no more. `found`: the line in its logs
 * that says why it failed, where it was looked for. A home that cannot be written to is no error.
 */
export async function noteBadNodes(
  { run, connection }: Pick<FoundRun, 'run' | 'connection'>,
  state: RunState,
  world: World,
  found?: RunSignature,
): Promise<void> {
  const { cluster } = connection;
  if (cluster === LOCAL) return;
  const told = [...state.blamed.values(), ...blameInLog(state, found)];
  const down = await lost(state, connection, world);
  if (told.length + down.length === 0) return;
  const since = oldest(world);
  const known = await entries(cluster, world);
  // Nobody knows when these failed, so that a run tells of each of them once.
  const unheard = down.filter(({ node }) => !known.some((one) => one.node === node && one.run === run.id));
  const blamed = new Map([...told, ...unheard].map((blame) => [blame.node, blame]));
  const news = [...blamed.values()].filter(({ node, time }) => {
    const entry = known.find((one) => one.node === node);
    return time >= since && (!entry || (time > entry.time && time > (entry.forgotten ?? '')));
  });
  if (news.length === 0) return;
  const rest = known.filter(({ node }) => !news.some((one) => one.node === node));
  const noted = news.map(({ node, reason, time }) => ({ node, reason, run: run.id, time }));
  await write(cluster, [...rest, ...noted], world).catch(() => {});
}

/** When the job's script was lost with its head node, only Slurm knows which nodes are down. */
async function lost(
  { verdict, queue, bound }: RunState,
  { scheduler }: Connection,
  { signal }: World,
): Promise<readonly Blame[]> {
  if (!verdict?.inferred || queue?.state !== 'NODE_FAIL' || !bound) return [];
  const hosts = bound.nodes.map(({ host }) => host);
  const marks = await withFallback(scheduler.nodeMarks(hosts, signal), []);
  return marks
    .filter(({ state }) => /^down/i.test(state))
    .map(({ node }) => ({ node, reason: FAILED, time: verdict.time }));
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

/** What a new job is kept away from. */
export interface Exclusion {
  /** Options of sbatch's or salloc's command line, the user's own `exclude` joined with the bad nodes. */
  readonly given: GivenOptions;
  readonly bad: readonly BadNode[];
  /** Bad nodes that the config's own nodelist asks for, which Slurm would refuse together with their exclusion. */
  readonly wanted: readonly BadNode[];
}

export async function exclusion(plan: Plan, world: World): Promise<Exclusion> {
  const given = plan.commandLine;
  const listed = plan.directives
    .find((option) => option.startsWith('--nodelist='))
    ?.slice('--nodelist='.length);
  const asked = new Set(listed === undefined ? [] : expandHostlist(listed));
  const noted = await badNodes(plan.cluster.name, world);
  const bad = noted.filter(({ node }) => !asked.has(node));
  const wanted = noted.filter(({ node }) => asked.has(node));
  if (bad.length === 0) return { given, bad, wanted };
  const own = given.exclude === undefined ? [] : [given.exclude];
  const exclude = [...own, ...bad.map(({ node }) => node)].join(',');
  return { given: { ...given, exclude }, bad, wanted };
}

/** What `submit` and `allocate` say of it. */
export function excludedText({ bad, wanted }: Exclusion): string {
  const [first] = bad;
  const because = ({ node, reason, run }: BadNode) => `${node}, which ${reason} (${run})`;
  return [
    ...bad.map((one) => `  excluded  ${because(one)}`),
    ...(first ? [`            \`dyn-slurm nodes --forget ${first.node}\` allows it again`] : []),
    ...wanted.map((one) => `  warning   slurm.directives.nodelist requests ${because(one)}`),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
