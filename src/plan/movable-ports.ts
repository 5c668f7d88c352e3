import { type Arg, argOf, type Placeholder } from '../argument.ts';
import type { Job } from '../config/job.ts';
import { RANK_PORTS } from '../engines/worker.ts';
import { LISTENERS } from './exposure.ts';
import type { Port, PortBlock, PortUse, Process } from './plan.ts';

/** A port that is a word of its own. */
export function portWord(use: PortUse, port: number, job: Job): Arg {
  return argOf(portPart(use, port, job));
}

/** A port in a word: one that the job may move is a part that only the job knows. */
export function portPart(use: PortUse, port: number, job: Job): string | Placeholder {
  return isMovable(use, port, job) ? { ref: 'port', port } : String(port);
}

/** On nodes of its own a job has the ports of its plan. People rely on those that they have written down; and without a preflight nobody knows which ones are free. */
function isMovable(use: PortUse, port: number, job: Job): boolean {
  const entry = ENTRIES.includes(use) && port === job.frontend.port;
  const field = entry ? 'frontend.port' : `infra.ports.${LISTENERS[use].field}`;
  return !job.slurm.exclusive && job.health.preflight && !job.fixedPorts.includes(field);
}

/** What may have the port that clients use. */
const ENTRIES: readonly PortUse[] = ['frontend', 'nginx', 'server'];

/** Distances that a block may move. */
const FIRST = 1000;
const STEP = 100;
const MOST = 5000;
const CHOICES = 3;
/**
 * From the next port on Linux gives them to outgoing connections, by default; and Dynamo takes no higher one for a
 * worker's system server.
 */
const QUIET = 32_767;
const LAST = 65_535;

/**
 * The ports that the job may move, ascending, as blocks that move as one: what belongs to one dist-init address, or to one
 * worker's cache events. All blocks have the same distances to choose from. No two distances lead to the same port, nor
 * does one to a port of the plan. All blocks move by the same distance, to the first at which no node uses a port.
 */
export function movablePorts(processes: readonly Process[], job: Job): readonly PortBlock[] {
  const spans = processes.flatMap(({ ports }) =>
    ports.filter(({ use, port }) => isMovable(use, port, job)).map((port) => spanOf(port, job)),
  );
  const blocks: { readonly first: number; last: number }[] = [];
  for (const { first, last } of spans.toSorted((one, other) => one.first - other.first)) {
    const previous = blocks.at(-1);
    if (previous && first <= previous.last) previous.last = Math.max(previous.last, last);
    else blocks.push({ first, last });
  }
  const distances = freeDistances(processes, blocks);
  return blocks.map(({ first, last }) => ({
    port: first,
    count: last - first + 1,
    instead: distances.map((distance) => first + distance),
  }));
}

interface Span {
  readonly first: number;
  readonly last: number;
}

/** What follows the first port of a worker's ranks, at a distance that its engine has fixed, goes with it. */
function spanOf({ use, port, count }: Port, { infra }: Job): Span {
  const base = infra.ports.dist_init;
  const slot = LISTENERS[use].field === 'dist_init' ? Math.floor((port - base) / RANK_PORTS) : undefined;
  return { first: slot === undefined ? port : base + RANK_PORTS * slot, last: port + count - 1 };
}

function freeDistances(processes: readonly Process[], blocks: readonly Span[]): readonly number[] {
  const used = new Set(processes.flatMap(({ ports }) => ports.flatMap(numbers)));
  const moved = blocks.flatMap(({ first, last }) => numbers({ port: first, count: last - first + 1 }));
  const highest = Math.max(0, ...moved);
  const limit = highest > QUIET ? LAST : QUIET;
  const distances: number[] = [];
  for (let distance = FIRST; distance <= MOST && highest + distance <= limit; distance += STEP) {
    const there = moved.map((port) => port + distance);
    if (there.some((port) => used.has(port))) continue;
    for (const port of there) used.add(port);
    distances.push(distance);
    if (distances.length === CHOICES) break;
  }
  return distances;
}

function numbers({ port, count }: Pick<Port, 'port' | 'count'>): readonly number[] {
  return Array.from({ length: count }, (_, index) => port + index);
}
