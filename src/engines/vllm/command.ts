import { type Arg, argOf, nodeIp, SELF_IP } from '../../argument.ts';
import type { Settings } from '../../config/compat/flag-renames.ts';
import { givenFlags } from '../../config/compat/given-flags.ts';
import { atLeast } from '../../config/compat/release.ts';
import type { Role, RoleConfig } from '../../config/schema/role.ts';
import { servesAlone } from '../../config/schema/sections.ts';
import { dynamoWords } from '../dynamo-words.ts';
import type { EngineCommand, EnginePort, WorkerContext } from '../engine.ts';
import { givenWords, serverManaged } from '../managed.ts';
import { ENGINE_PORTS, type PlacedWorker } from '../worker.ts';
import { connectorsOf } from './connectors.ts';
import managed from './managed.json' with { type: 'json' };
import { layoutOf, ranksApart, spreadsExperts } from './sizes.ts';

export const MODULE = 'dynamo.vllm';

/** Under Dynamo. */
export function command(context: WorkerContext): EngineCommand {
  const { job, worker } = context;
  return commandOf(context, {
    start: [
      ...['python3', '-m', worker.config.module ?? MODULE],
      ...['--model', job.model.path, '--served-model-name', job.model.served_name],
      ...modeWords(worker.role, job.dynamo.version),
    ],
    end: dynamoWords(job, worker),
    managed,
  });
}

/** vLLM's own server. */
export function serverCommand(context: WorkerContext): EngineCommand {
  const { job, worker, port } = context;
  return commandOf(context, {
    start: [
      ...['vllm', 'serve', job.model.path, '--served-model-name', job.model.served_name],
      ...['--host', [SELF_IP], '--port', argOf(port('server', worker.ports.system))],
    ],
    end: [],
    managed: serverManaged(managed),
  });
}

interface Program {
  /** The program and what only it takes. */
  readonly start: readonly Arg[];
  /** More of that, before what the config gives. */
  readonly end: readonly string[];
  readonly managed: Readonly<Record<string, string>>;
}

/** What all nodes run, and what tells their ranks apart. */
function commandOf(context: WorkerContext, program: Program): EngineCommand {
  const { worker, settings } = context;
  const { config } = worker;
  const { argv, ranks } = rankWords(context);
  const [headOnly, args] = ofHead(settings.args, ranks);
  const rankArgv = ranks.map((words, rank) => (rank === 0 ? [...words, ...headOnly] : words));
  return {
    argv: [
      ...program.start,
      ...argv,
      ...sizeWords(worker),
      ...transferWords(worker),
      ...kvEventsWords(context),
      ...(config.numa === true ? ['--numa-bind'] : []),
      ...program.end,
      ...givenWords(program, args, worker),
    ],
    ...(rankArgv.some((words) => words.length > 0) && { rankArgv }),
    env: environment(context),
  };
}

/** Dynamo 1.0 brought `--disaggregation-mode`. */
function modeWords(role: Role, release: string): readonly string[] {
  const mode = modeOf(role, release);
  if (mode !== undefined) return ['--disaggregation-mode', mode];
  return role === 'prefill' ? ['--is-prefill-worker'] : [];
}

export function modeOf(role: Role, release: string): string | undefined {
  if (role === 'encode') return atLeast(release, '1.1') ? role : undefined;
  return (role === 'prefill' || role === 'decode') && atLeast(release, '1.0') ? role : undefined;
}

interface RankWords {
  /** The words of all ranks. */
  readonly argv: readonly Arg[];
  /** By the rank of the node, or of the process where a node has several; none where all have the same. */
  readonly ranks: readonly (readonly string[])[];
}

/**
 * How the nodes of a worker find each other.
 *
 * - One replica over several nodes: node 0 serves, the others are its hands (`--headless`).
 * - Data parallel ranks that fit into a node: each node serves its own, which registers it with the ranks that it has.
 * - Ranks that span nodes: like one replica, node 0 serves for all.
 * - Data parallel ranks apart (`--data-parallel-external-lb`): each is a process, and registers.
 * - A worker that answers clients itself: node 0 serves for all, and balances the ranks of all nodes.
 *
 * vLLM has one default for its master port, and one for its data parallel port: workers whose leaders share a node need others.
 */
function rankWords({ job, worker, port }: WorkerContext): RankWords {
  const { nodes, dp, ports } = worker;
  const [leader = 0] = nodes;
  const { perNode } = layoutOf({ ...worker, nodes: nodes.length });
  const spans = perNode === 0;
  const alone = servesAlone(job) && nodes.length > 1;
  const argv: Arg[] = [];
  if (nodes.length > 1 && (dp === 1 || spans)) {
    argv.push('--master-addr', [nodeIp(leader)]);
    argv.push('--master-port', argOf(port('master', ports.distInit)));
    argv.push('--nnodes', String(nodes.length), '--node-rank', [{ ref: 'rank' }]);
  }
  const apart = ranksApart(worker.role, worker.config);
  if (dp > 1) {
    argv.push('--data-parallel-size', String(dp));
    if (!spans && !apart) argv.push('--data-parallel-size-local', String(perNode));
    argv.push('--data-parallel-address', [nodeIp(leader)]);
    argv.push('--data-parallel-rpc-port', argOf(port('dp-rpc', ports.distInit + DP_RPC_OFFSET)));
    if (!spans && !alone && !apart) argv.push('--data-parallel-hybrid-lb');
  }
  if (apart)
    return {
      argv,
      ranks: Array.from({ length: dp }, (_, rank) => ['--data-parallel-rank', String(rank)]),
    };
  if (nodes.length === 1)
    return { argv: dp > 1 ? [...argv, '--data-parallel-start-rank', '0'] : argv, ranks: [] };
  const ranks = nodes.map((_, rank) => {
    const start = dp > 1 && !spans ? ['--data-parallel-start-rank', String(rank * perNode)] : [];
    if (start.length > 0 && !alone) return start;
    return rank === 0 ? [] : ['--headless', ...start];
  });
  return { argv, ranks };
}

/** Arguments that only a node which serves takes, as words, where others do not serve; and those of all. */
function ofHead(
  args: Settings['args'],
  ranks: RankWords['ranks'],
): readonly [readonly string[], Settings['args']] {
  const { 'api-server-count': count, ...others } = args;
  const headless = ranks.some((words) => words.includes('--headless'));
  return count === undefined || !headless ? [[], args] : [['--api-server-count', String(count)], others];
}

function sizeWords(worker: PlacedWorker): readonly string[] {
  const { config } = worker;
  const flag = (name: string, size: number, given: unknown) =>
    given === undefined && size === 1 ? [] : [`--${name}-parallel-size`, String(size)];
  return [
    ...flag('tensor', worker.tp, config.tp),
    ...flag('pipeline', worker.pp, config.pp),
    ...flag('decode-context', config.dcp ?? 1, config.dcp),
    ...(worker.ep > 1 && !spreadsExperts(config) ? ['--enable-expert-parallel'] : []),
  ];
}

/** How prefill workers pass KV caches on where the config does not say: without, they do not start. */
const NIXL = '{"kv_connector":"NixlConnector","kv_role":"kv_both"}';

function transferWords({ role, config }: PlacedWorker): readonly string[] {
  const disaggregated = role === 'prefill' || role === 'decode';
  return disaggregated && givenTransfer(role, config) === undefined ? ['--kv-transfer-config', NIXL] : [];
}

function givenTransfer(role: Role, config: RoleConfig): string | undefined {
  const given = givenFlags(role, config).findLast(({ name }) => name === 'kv-transfer-config');
  return given && JSON.stringify(given.value);
}

/** vLLM adds the number of a data parallel rank to the port. Without this flag Dynamo publishes nothing. */
function kvEventsWords({ worker: { config, ports }, port }: WorkerContext): readonly Arg[] {
  if (!config.kv_events) return [];
  const number = port('kv-events', ports.kvEvents);
  const json = '{"publisher":"zmq","topic":"kv-events","enable_kv_cache_events":true,"endpoint":"tcp://*:';
  return ['--kv-events-config', [json, number, '"}']];
}

/** Whether its KV caches go by NIXL, which listens for those that fetch them. */
function usesNixl({ role, config }: PlacedWorker): boolean {
  const given = givenTransfer(role, config);
  return given === undefined ? role === 'prefill' || role === 'decode' : /nixl/i.test(given);
}

/** Whether Dynamo's block manager keeps its KV caches. */
function usesKvbm({ role, config }: PlacedWorker): boolean {
  return connectorsOf(role, config)?.some(({ name }) => name === 'DynamoConnector') ?? false;
}

/** Where the leader of a block manager waits for its ranks: by default at the loopback address, at one port for all workers. */
function kvbmEnvironment({ worker, port }: WorkerContext): Readonly<Record<string, Arg>> {
  if (!usesKvbm(worker)) return {};
  const { nodes, ports } = worker;
  const at = (offset: number) => argOf(port('kvbm', ports.distInit + KVBM_OFFSET + offset));
  return {
    DYN_KVBM_LEADER_ZMQ_HOST: [nodeIp(nodes[0] ?? 0)],
    DYN_KVBM_LEADER_ZMQ_PUB_PORT: at(0),
    DYN_KVBM_LEADER_ZMQ_ACK_PORT: at(1),
  };
}

function environment(context: WorkerContext): Readonly<Record<string, Arg>> {
  const { job, worker, port } = context;
  const { nodes, ports, config } = worker;
  return {
    // The time that Dynamo's process gives the engine's, 10 minutes by default; the job has its own.
    VLLM_ENGINE_READY_TIMEOUT_S: String(job.health.deadline),
    // By default the address of the default route, whatever network the job has chosen.
    VLLM_HOST_IP: [SELF_IP],
    ...(usesNixl(worker) && {
      VLLM_NIXL_SIDE_CHANNEL_HOST: [SELF_IP],
      VLLM_NIXL_SIDE_CHANNEL_PORT: argOf(port('side-channel', ports.sideChannel)),
    }),
    ...kvbmEnvironment(context),
    // Where vLLM begins to look for free ports. The ranks of several nodes would all look from the same one on.
    ...(nodes.length === 1 && { VLLM_PORT: argOf(port('engine', ports.engine)) }),
    // Dynamo's own publisher, before it read --kv-events-config.
    ...(config.kv_events &&
      !atLeast(job.dynamo.version, '1.2') && {
        DYN_VLLM_KV_EVENT_PORT: argOf(port('kv-events', ports.kvEvents)),
      }),
  };
}

const DP_RPC_OFFSET = 8;
const KVBM_OFFSET = DP_RPC_OFFSET + 1;
/** Two for each data parallel rank, of as many as there is room for before the ports of the next worker. */
const KVBM_PORTS = 10;
export const PORTS_OF_RANKS = KVBM_OFFSET + KVBM_PORTS;

/** NIXL and cache events have a port for each data parallel rank, at the same distance from the same first on all nodes. */
export function ports(worker: PlacedWorker, argv: readonly Arg[]): readonly EnginePort[] {
  const { config, dp, nodes, ports: first } = worker;
  const owned: EnginePort[] = [];
  if (argv.includes('--master-port')) owned.push({ use: 'master', port: first.distInit });
  if (argv.includes('--data-parallel-rpc-port'))
    owned.push({ use: 'dp-rpc', port: first.distInit + DP_RPC_OFFSET });
  if (usesKvbm(worker))
    owned.push({ use: 'kvbm', port: first.distInit + KVBM_OFFSET, count: Math.min(2 * dp, KVBM_PORTS) });
  if (usesNixl(worker)) owned.push({ use: 'side-channel', port: first.sideChannel, count: dp });
  if (config.kv_events) owned.push({ use: 'kv-events', port: first.kvEvents, count: dp });
  if (nodes.length === 1) owned.push({ use: 'engine', port: first.engine, count: ENGINE_PORTS });
  return owned;
}
