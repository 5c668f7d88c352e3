import { type Arg, argOf, nodeIp, SELF_IP } from '../../argument.ts';
import { releasesOf } from '../../config/compat/engine-table.ts';
import type { Settings } from '../../config/compat/flag-renames.ts';
import { flagGroups } from '../../config/compat/given-flags.ts';
import { atLeast } from '../../config/compat/release.ts';
import type { Job } from '../../config/job.ts';
import { engineArgument } from '../../config/schema/role.ts';
import { dynamoWords } from '../dynamo-words.ts';
import type { EngineCommand, EnginePort, WorkerContext } from '../engine.ts';
import { givenWords, serverManaged } from '../managed.ts';
import type { PlacedWorker } from '../worker.ts';
import managed from './managed.json' with { type: 'json' };
import { mode, module } from './modules.ts';
import { usesDpAttention } from './sizes.ts';

/** Under Dynamo. */
export function command(context: WorkerContext): EngineCommand {
  const { job, worker } = context;
  const { role, config } = worker;
  return commandOf(context, {
    module: module(role, job.dynamo.version),
    mode: mode(role, config, job.dynamo.version),
    managed,
    own: [
      ...hostWords(context),
      ...kvEventsWords(context),
      ...dynamoWords(job, worker, { 'use-sglang-tokenizer': job.dynamo.sglang_tokenizer === true }),
    ],
  });
}

/** SGLang's own server. It shows metrics only if it is told to. */
export function serverCommand(context: WorkerContext): EngineCommand {
  const { role, config, ports } = context.worker;
  const given =
    engineArgument(config, 'enable-metrics') !== undefined || config.flags.includes('--enable-metrics');
  return commandOf(context, {
    module: SERVER,
    mode: role === 'aggregated' ? undefined : role,
    managed: serverManaged(managed),
    own: [
      ...['--host', [SELF_IP], '--port', argOf(context.port('server', ports.system))],
      ...(given ? [] : ['--enable-metrics']),
      ...kvEventsWords(context),
    ],
  });
}

export const SERVER = 'sglang.launch_server';

interface Program {
  readonly module: string;
  readonly mode: string | undefined;
  readonly managed: Readonly<Record<string, string>>;
  readonly own: readonly Arg[];
}

/**
 * Lines after which SGLang is over, at the beginning of a line, where no text of a request can stand: a process of it has
 * ended, and it is about to kill itself with all others, once running only after five seconds of diagnosis.
 */
const FATAL =
  '^[^"\']{0,120}(Subprocess [a-z_0-9]+ \\(pid=[0-9]+\\) crashed with exit code|SIGQUIT received[.] signum=|Received sigquit from a child proces)';

/** The flags that dyn-slurm writes, then those of the config. No flag twice. */
function commandOf(context: WorkerContext, program: Program): EngineCommand {
  const { job, worker, settings } = context;
  const { config } = worker;
  return {
    argv: [
      ...['python3', '-m', config.module ?? program.module],
      ...['--model-path', job.model.path, '--served-model-name', job.model.served_name],
      ...(program.mode === undefined ? [] : ['--disaggregation-mode', program.mode]),
      ...bootstrapWords(context),
      ...rendezvousWords(context),
      ...sizeWords(context),
      ...program.own,
      ...givenWords(program, withoutAttentionSwitch(settings.args, job), worker),
    ],
    env: {
      // Where KV transfer listens, and what it tells its peers: `get_local_ip_auto` of SGLang guesses otherwise.
      SGLANG_HOST_IP: [SELF_IP],
      ...(config.numa !== undefined && { SGLANG_AUTO_NUMA_BIND: String(config.numa) }),
    },
    fatal: FATAL,
  };
}

/** SGLang 0.5.22 deprecates the switch: the size alone says it. */
function withoutAttentionSwitch(args: Settings['args'], job: Job): Settings['args'] {
  if (!hasAttentionSize(job)) return args;
  return Object.fromEntries(Object.entries(args).filter(([name]) => name !== 'enable-dp-attention'));
}

/** The bootstrap port. Decode workers bind nothing, and learn the real port from each prefill worker. */
function bootstrapWords({ job, worker: { role, ports }, port }: WorkerContext): readonly Arg[] {
  if (role !== 'prefill' && role !== 'decode') return [];
  const number = role === 'prefill' ? ports.bootstrap : job.infra.ports.bootstrap;
  return ['--disaggregation-bootstrap-port', argOf(port('bootstrap', number))];
}

/**
 * Where the ranks of a worker meet, which is also the host of its bootstrap server. On one node SGLang picks ports by
 * itself, from a default that is the same for all workers or at random; so workers that share a node, and DP attention
 * with its many ports, are given theirs as well. Plain data parallel ranks on one node must not be: each is a group of
 * its own, and one address would make them one.
 */
function rendezvousWords({ worker, port }: WorkerContext): readonly Arg[] {
  const { config, nodes, dp, ports, sharesNode } = worker;
  if (!meets(worker)) return [];
  const [leader = 0] = nodes;
  const words: Arg[] = [
    '--dist-init-addr',
    [nodeIp(leader), ':', port('dist-init', ports.distInit)],
    '--nnodes',
    String(nodes.length),
    '--node-rank',
    nodes.length === 1 ? '0' : [{ ref: 'rank' }],
  ];
  // https://github.com/ai-dynamo/dynamo/pull/13569: else a random port, which a neighbor can take before it is bound.
  if (sharesNode && dp > 1 && usesDpAttention(config))
    words.push('--nccl-port', argOf(port('nccl', ports.distInit + NCCL_PORT_OFFSET)));
  return words;
}

function meets({ role, config, nodes, gpus, dp, sharesNode }: PlacedWorker): boolean {
  const oneNode = nodes.length === 1;
  const attention = dp > 1 && usesDpAttention(config);
  const alone = oneNode && !sharesNode && !attention && role !== 'prefill' && role !== 'decode';
  const replicas = oneNode && dp > 1 && !attention;
  return gpus.length > 0 && !alone && !replicas;
}

/**
 * Sizes that the config gives, and those that differ from SGLang's default, which is 1 for all. Groups of DP attention
 * have a size of their own from SGLang 0.5.22 on.
 */
function sizeWords({ worker, job }: WorkerContext): readonly string[] {
  const attention = worker.dp > 1 && usesDpAttention(worker.config);
  const ofItsOwn = attention && hasAttentionSize(job);
  const sizes = (['tp', 'pp', 'dp', 'ep'] as const).flatMap((kind) => {
    // SGLang derives ep itself.
    if (worker.config[kind] === undefined && (kind === 'ep' || worker[kind] === 1)) return [];
    return [kind === 'dp' && ofItsOwn ? '--attn-dp-size' : `--${kind}-size`, String(worker[kind])];
  });
  // Asked for by the newer flag alone.
  const switched = engineArgument(worker.config, 'enable-dp-attention') !== undefined;
  const inFlags = worker.config.flags.includes('--enable-dp-attention');
  return attention && !ofItsOwn && !switched && !inFlags ? [...sizes, '--enable-dp-attention'] : sizes;
}

function hasAttentionSize(job: Job): boolean {
  return job.engine.rename && atLeast(releasesOf(job).sglang, '0.5.22');
}

/**
 * The bootstrap server listens where SGLang's HTTP server would, which is 127.0.0.1 by default: other nodes could not
 * reach it. https://github.com/ai-dynamo/dynamo/issues/5309 Ranks and peers look for it at the address of `--dist-init-addr`.
 */
function hostWords({ worker: { role, config }, settings: { args } }: WorkerContext): readonly Arg[] {
  const given = 'host' in args || flagGroups(config.flags).some(({ name }) => name === 'host');
  return (role === 'prefill' || role === 'decode') && !given ? ['--host', [SELF_IP]] : [];
}

/** JSON. */
function kvEventsWords({ worker: { config, ports }, port }: WorkerContext): readonly Arg[] {
  if (!config.kv_events) return [];
  const number = port('kv-events', ports.kvEvents);
  return [
    '--kv-events-config',
    ['{"publisher":"zmq","topic":"kv-events","endpoint":"tcp://*:', number, '"}'],
  ];
}

/**
 * From its dist-init port on, the leader listens on that and the six after it, and with DP attention, while it starts, on the
 * thirteenth, `DP_ATTENTION_HANDSHAKE_PORT_DELTA` of server_args.py. The NCCL port is chosen here, between the two.
 */
const DIST_INIT_PORTS = 7;
const NCCL_PORT_OFFSET = 7;
const DP_HANDSHAKE_OFFSET = 13;
export const PORTS_OF_RANKS = DP_HANDSHAKE_OFFSET + 1;

/** Without a dist-init address SGLang finds its ports by itself. */
export function ports(worker: PlacedWorker, argv: readonly Arg[], job: Job): readonly EnginePort[] {
  const { role, config, dp, ports: first } = worker;
  const owned: EnginePort[] = [];
  if (argv.includes('--dist-init-addr')) {
    owned.push({ use: 'dist-init', port: first.distInit, count: DIST_INIT_PORTS });
    if (argv.includes('--nccl-port')) owned.push({ use: 'nccl', port: first.distInit + NCCL_PORT_OFFSET });
    if (dp > 1 && usesDpAttention(config))
      owned.push({ use: 'dp-handshake', port: first.distInit + DP_HANDSHAKE_OFFSET });
  }
  // SGLang 0.5.2 gave its bootstrap server the host that it is told.
  const everywhere = !atLeast(releasesOf(job).sglang, '0.5.2');
  if (role === 'prefill') owned.push({ use: 'bootstrap', port: first.bootstrap, everywhere });
  if (config.kv_events) owned.push({ use: 'kv-events', port: first.kvEvents, count: dp });
  return owned;
}
