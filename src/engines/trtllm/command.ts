import { Document } from 'yaml';
import { type Arg, argOf, nodeIp, RUN_DIR, SELF_IP } from '../../argument.ts';
import { releasesOf } from '../../config/compat/engine-table.ts';
import { flagGroups } from '../../config/compat/given-flags.ts';
import { atLeast } from '../../config/compat/release.ts';
import type { Job } from '../../config/job.ts';
import { type ArgumentValue, engineArgument, type Role, type RoleConfig } from '../../config/schema/role.ts';
import { dynamoWords } from '../dynamo-words.ts';
import type { EngineCommand, EnginePort, WorkerContext } from '../engine.ts';
import { givenWords, managedSource, serverManaged } from '../managed.ts';
import type { PlacedWorker } from '../worker.ts';
import managed from './managed.json' with { type: 'json' };

export const MODULE = 'dynamo.trtllm';

/** Under Dynamo. */
export function command(context: WorkerContext): EngineCommand {
  const { job, worker } = context;
  const { role, config } = worker;
  const mode = modeOf(role);
  const { version } = job.dynamo;
  return commandOf(context, managed, {}, [
    ...['python3', '-m', config.module ?? MODULE],
    ...['--model-path', job.model.path, '--served-model-name', job.model.served_name],
    ...(mode === undefined ? [] : ['--disaggregation-mode', mode]),
    ...['--extra-engine-args', fileOf(role)],
    ...(config.kv_events
      ? [`--publish-${atLeast(version, '1.3') ? 'kv-events' : 'events-and-metrics'}`]
      : []),
    ...dynamoWords(job, worker),
  ]);
}

/** The option for its file has had this name since TensorRT-LLM 1.0; later releases call it `--config`, too. */
const SERVER_FILE = '--extra_llm_api_options';
/** Servers of earlier releases have the name of the model's folder, and answer to any. */
const SERVED_NAME_SINCE = '1.3';

/** TensorRT-LLM's own server, whose sizes are in its file. It does prefill or decode as the orchestrator asks. */
export function serverCommand(context: WorkerContext): EngineCommand {
  const { job, worker, port } = context;
  return commandOf(context, serverManaged(managed), serverSettings(job), [
    ...['trtllm-serve', job.model.path],
    ...['--host', [SELF_IP], '--port', argOf(port('server', worker.ports.system))],
    ...[SERVER_FILE, fileOf(worker.role)],
    ...(atLeast(releasesOf(job).trtllm, SERVED_NAME_SINCE)
      ? ['--served_model_name', job.model.served_name]
      : []),
  ]);
}

/** Without it a server has no page of metrics. */
function serverSettings(job: Job): Readonly<Record<string, ArgumentValue>> {
  return atLeast(releasesOf(job).trtllm, PERF_METRICS_SINCE) ? { return_perf_metrics: true } : {};
}

const PERF_METRICS_SINCE = '1.2';

function fileName(role: Role): string {
  return `engine-${role}.yaml`;
}

function fileOf(role: Role): Arg {
  return [RUN_DIR, `/steps/${fileName(role)}`];
}

/** One task on each GPU: rank 0 runs `program`, the others what it sends them by MPI. `usual`: keys of the file where it gives no others. */
function commandOf(
  { job, worker, port }: WorkerContext,
  ours: Readonly<Record<string, string>>,
  usual: Readonly<Record<string, ArgumentValue>>,
  program: readonly Arg[],
): EngineCommand {
  const { role, nodes, gpus, ports } = worker;
  const [leader = 0] = nodes;
  return {
    argv: [
      ...(bindsMemory(job, worker) ? ['numactl', '-m', '0,1'] : []),
      'trtllm-llmapi-launch',
      ...program,
      // Its arguments are in the file.
      ...givenWords({ managed: ours }, {}, worker),
    ],
    env: {
      MASTER_ADDR: [nodeIp(leader)],
      MASTER_PORT: argOf(port('master', ports.distInit)),
      // Workers that share a node have a segment of shared memory each for the balancing of experts.
      TRTLLM_EPLB_SHM_NAME: `moe_shared_${job.name}_${worker.name}`,
    },
    files: { [fileName(role)]: engineFile(worker, usual) },
    mpi: { tasksPerNode: gpus.length },
    fatal: FATAL,
  };
}

/** Lines after which a worker is over, though its launcher may live on and lose how it ended. */
const FATAL = 'Rank[0-9]+ Task exit code: [1-9]|Failed to initialize executor';

/** Encoders: Dynamo 1.0 and later. */
export function modeOf(role: Role): string | undefined {
  return role === 'prefill' || role === 'decode' || role === 'encode' ? role : undefined;
}

/** On Grace, NUMA nodes 0 and 1 are the memory of its CPUs, and the others that of its GPUs, which would count as free. */
function bindsMemory({ gpu }: Job, { role, config }: PlacedWorker): boolean {
  const disaggregated = role === 'prefill' || role === 'decode';
  return config.numa ?? (/^gb\d/.test(gpu) && disaggregated);
}

/**
 * What TensorRT-LLM's own arguments are, as YAML that Python's reader of YAML 1.1 reads the same: `null` is a value of some.
 * The sizes first, then what the config gives.
 */
function engineFile(
  { role, config, tp, pp, ep, dp }: PlacedWorker,
  usual: Readonly<Record<string, ArgumentValue>>,
): string {
  const own: Record<string, ArgumentValue> = {
    tensor_parallel_size: tp,
    ...((config.pp !== undefined || pp > 1) && { pipeline_parallel_size: pp }),
    ...(config.ep !== undefined && { moe_expert_parallel_size: ep }),
    ...(config.dp !== undefined &&
      engineArgument(config, 'enable-attention-dp') === undefined && { enable_attention_dp: dp > 1 }),
  };
  const given = Object.entries(config.args).filter(
    ([name]) => managedSource({ managed }, name.replaceAll('_', '-'), role, config) === undefined,
  );
  const named = given.map(([name, value]) => [name.replaceAll('-', '_'), value]);
  const file = new Document({ ...own, ...usual, ...Object.fromEntries(named) }, { version: '1.1' });
  return file.toString({ lineWidth: 0 });
}

/** Whether the launcher, which joins all words and splits them again, would tear or change a word. */
export function isTorn(word: string): boolean {
  return /[\s*?[\]{}'"\\]/.test(word);
}

/** Those of a role's flags, by their places. */
export function tornWords({ flags }: Pick<RoleConfig, 'flags'>): readonly number[] {
  return flagGroups(flags).flatMap(({ words, index }) =>
    words.flatMap((word, at) => (isTorn(word) ? [index + at] : [])),
  );
}

export function ports({ nodes, ports: first }: PlacedWorker): readonly EnginePort[] {
  return nodes.length > 1 ? [{ use: 'master', port: first.distInit }] : [];
}
