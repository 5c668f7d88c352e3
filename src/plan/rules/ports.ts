import { needsNats } from '../../config/compat/planes.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import { ports as portsSchema, servesAlone, usesDynamo } from '../../config/schema/sections.ts';
import { error, type Problem } from '../../config/yaml/problem.ts';
import { jobEngine } from '../../engines/engines.ts';
import { ENGINE_PORTS, type PlacedWorker, RANK_PORTS } from '../../engines/worker.ts';
import { frontendOf } from '../../frontends/frontends.ts';
import type { Placement } from '../placement.ts';

/** A run of ports that processes of one node may take, and the field that moves it. */
interface Block {
  readonly path: readonly string[];
  readonly owner: string;
  readonly first: number;
  readonly count: number;
  /** Highest port that its owner can take. */
  readonly most: number;
  readonly usual: number;
}

type PortField = keyof JobConfig['infra']['ports'];
const USUAL = portsSchema.parse({});
const USUAL_ENTRY = 8000;
/** Dynamo reads DYN_SYSTEM_PORT as an `i16`: `system_port` in lib/runtime/src/config.rs of ai-dynamo/dynamo. */
const MOST_SYSTEM_PORT = 32_767;
const MOST_PORT = 65_535;

/** No two blocks of ports meet, and all of them exist. Blocks count as if all their owners shared the head node. */
export function* checkPorts(job: JobConfig, placement: Placement): Generator<Problem> {
  const blocks = portBlocks(job, placement);
  for (const block of blocks) {
    const last = block.first + block.count - 1;
    if (last <= block.most) continue;
    yield error(
      block.path,
      `${block.owner} would reach port ${last}, above ${block.most}`,
      `use at most ${block.most - block.count + 1}`,
    );
  }
  let widest: Block | undefined;
  for (const block of blocks.toSorted((one, other) => one.first - other.first)) {
    if (widest && widest.first + widest.count > block.first) yield collision(widest, block);
    if (!widest || block.first + block.count > widest.first + widest.count) widest = block;
  }
}

/** Blames the block that was moved from where it usually is. */
function collision(lower: Block, higher: Block): Problem {
  const [moved, other] = higher.first === higher.usual ? [lower, higher] : [higher, lower];
  return error(
    moved.path,
    `${moved.owner} on ${portRange(moved)} would overlap with ${other.owner} on ${portRange(other)}`,
    'a port can be used only once per node; change one of the two',
  );
}

function portBlocks(job: JobConfig, placement: Placement): readonly Block[] {
  const { frontend, infra } = job;
  const { title, rankPorts, ownPorts } = jobEngine(job);
  const workers = mostOnOneNode(placement, () => 1);
  // Ports of requests, of which frontends have those behind the node's workers'.
  const second = Math.max(...placement.frontends.map(({ secondPort }) => secondPort - infra.ports.rpc + 1));
  // One for each data parallel rank.
  const kvEvents = placement.workers.some(({ config }) => config.kv_events)
    ? mostOnOneNode(placement, ({ dp }) => dp)
    : 0;
  const base: MakeBlock = (field, owner, count, limit = MOST_PORT) => ({
    path: ['infra', 'ports', field],
    owner,
    first: infra.ports[field],
    count,
    most: limit,
    usual: USUAL[field],
  });
  const entry: Block = {
    path: ['frontend', 'port'],
    owner: frontend.count > 1 ? 'nginx' : servesAlone(job) ? 'the worker' : 'the frontend',
    first: frontend.port,
    count: 1,
    most: MOST_PORT,
    usual: USUAL_ENTRY,
  };
  const blocks = [
    entry,
    ...(usesDynamo(job)
      ? dynamoBlocks(job, workers, second, base)
      : serverBlocks(job, workers, second, base)),
    base('dist_init', `${title}'s ${rankPorts.name}`, RANK_PORTS * (workers - 1) + rankPorts.count),
  ];
  if (job.infra.mooncake) blocks.push(base('mooncake', 'the Mooncake master', 3));
  if (frontend.count > 1) blocks.push(base('frontend', 'frontends behind nginx', mostFrontends(placement)));
  if (job.prefill && ownPorts.includes('bootstrap'))
    blocks.push(base('bootstrap', 'the bootstrap ports of prefill', job.prefill.workers));
  if (ownPorts.includes('side_channel'))
    blocks.push(
      base(
        'side_channel',
        `${title}'s side channels`,
        mostOnOneNode(placement, ({ dp }) => dp),
      ),
    );
  if (ownPorts.includes('engine'))
    blocks.push(base('engine', `ports that ${title} picks`, ENGINE_PORTS * workers));
  if (kvEvents > 0) blocks.push(base('kv_events', 'KV cache events', kvEvents));
  return blocks;
}

type MakeBlock = (field: PortField, owner: string, count: number, limit?: number) => Block;

function dynamoBlocks(job: JobConfig, workers: number, second: number, base: MakeBlock): readonly Block[] {
  return [
    base('etcd_client', "etcd's client port", 1),
    base('rpc', 'requests and responses', second),
    base('system', "the workers' system servers", workers, MOST_SYSTEM_PORT),
    ...(needsNats(job) ? [base('nats', 'NATS', 1)] : []),
  ];
}

function serverBlocks(job: JobConfig, workers: number, second: number, base: MakeBlock): readonly Block[] {
  const router = frontendOf(job).metrics === 'router-metrics';
  return [
    ...(router ? [base('rpc', "the router's metrics", second)] : []),
    ...(servesAlone(job) ? [] : [base('system', "the workers' servers", workers)]),
  ];
}

function mostFrontends({ frontends }: Placement): number {
  const nodes = frontends.map(({ node }) => node);
  return Math.max(...nodes.map((one) => nodes.filter((node) => node === one).length));
}

/** The most that the workers of one node have together. */
function mostOnOneNode({ workers }: Placement, amount: (worker: PlacedWorker) => number): number {
  const sums = new Map<number, number>();
  let most = 0;
  for (const worker of workers) {
    for (const node of worker.nodes) {
      const sum = (sums.get(node) ?? 0) + amount(worker);
      sums.set(node, sum);
      most = Math.max(most, sum);
    }
  }
  return most;
}

function portRange({ first, count }: Block): string {
  return count === 1 ? `port ${first}` : `ports ${first} to ${first + count - 1}`;
}
