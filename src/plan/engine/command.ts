import { releasesOf } from '../../config/compat/engine-table.ts';
import { applyRenames, type Settings } from '../../config/compat/flag-renames.ts';
import { flagGroups } from '../../config/compat/given-flags.ts';
import { atLeast } from '../../config/compat/release.ts';
import type { Job } from '../../config/job.ts';
import { engineArgument } from '../../config/schema/role.ts';
import { withoutSecrets } from '../../config/schema/secrets.ts';
import { userEnvironment } from '../environment.ts';
import { portPart, portWord } from '../movable-ports.ts';
import type { SecretSource, Word } from '../plan.ts';
import { hasEventPlane, hasPlanes, hasRequestPlane, migrationLimit } from '../planes.ts';
import { isManaged } from '../rules/managed-args.ts';
import { usesDpAttention } from '../sizing.ts';
import { SELF_IP } from '../word.ts';
import type { PlacedWorker } from '../worker.ts';
import {
  argumentWords,
  bootstrapWords,
  disaggregationMode,
  engineModule,
  rendezvousWords,
  workerEnvironment,
} from './words.ts';

export interface WorkerCommand {
  readonly argv: readonly Word[];
  readonly env: Readonly<Record<string, Word>>;
  readonly secrets: Readonly<Record<string, SecretSource>>;
}

/**
 * What every node of a worker runs: the flags that dyn-slurm writes, then the role's arguments in the order of the
 * file, then its extra words. No flag twice.
 */
export function workerCommand(job: Job, worker: PlacedWorker): WorkerCommand {
  const { role, config } = worker;
  const { version } = job.dynamo;
  const { args, variables } = withoutSecrets(role, config.args);
  const settings = withoutAttentionSwitch(
    applyRenames({ args, env: config.env }, releasesOf(job), role),
    job,
  );
  const { env, secrets } = userEnvironment(settings.env, variables);
  // A stand-alone router picks prefill workers.
  const router = ['--endpoint', `${job.dynamo.namespace}.prefill.generate`];
  const engine = config.module === MOCKER ? mockerWords(job, worker) : engineWords(job, worker, settings);
  const own = role === 'router' ? router : engine;
  return {
    argv: [
      'python3',
      '-m',
      config.module ?? engineModule(role, version),
      ...own,
      ...argumentWords(remaining(settings.args, worker)),
      ...flagGroups(config.flags)
        .filter(({ name }) => name === undefined || !isManaged(name, role, config))
        .flatMap(({ words }) => words),
    ],
    env: { ...workerEnvironment(job, worker), ...env },
    secrets,
  };
}

function engineWords(job: Job, worker: PlacedWorker, settings: Settings): readonly Word[] {
  const { role, config } = worker;
  const mode = disaggregationMode(role, config, job.dynamo.version);
  return [
    ...['--model-path', job.model.path, '--served-model-name', job.model.served_name],
    ...(mode === undefined ? [] : ['--disaggregation-mode', mode]),
    ...bootstrapWords(job, worker),
    ...rendezvousWords(job, worker),
    ...sizeWords(worker, job),
    ...hostWords(worker, settings),
    ...kvEventsWords(job, worker),
    ...dynamoWords(job, worker),
  ];
}

/**
 * Sizes that the config gives, and those that differ from SGLang's default, which is 1 for all. Groups of DP attention
 * have a size of their own from SGLang 0.5.22 on.
 */
function sizeWords(worker: PlacedWorker, job: Job): readonly string[] {
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
  return atLeast(releasesOf(job).sglang, '0.5.22');
}

/** SGLang 0.5.22 deprecates the switch: the size alone says it. */
function withoutAttentionSwitch(settings: Settings, job: Job): Settings {
  if (!hasAttentionSize(job)) return settings;
  const args = Object.entries(settings.args).filter(([name]) => name !== 'enable-dp-attention');
  return { ...settings, args: Object.fromEntries(args) };
}

/**
 * The bootstrap server listens where SGLang's HTTP server would, which is 127.0.0.1 by default: other nodes could not
 * reach it. https://github.com/ai-dynamo/dynamo/issues/5309 Ranks and peers look for it at the address of `--dist-init-addr`.
 */
function hostWords({ role, config }: PlacedWorker, { args }: Settings): readonly Word[] {
  const given = 'host' in args || flagGroups(config.flags).some(({ name }) => name === 'host');
  return (role === 'prefill' || role === 'decode') && !given ? ['--host', [SELF_IP]] : [];
}

/** JSON. */
function kvEventsWords(job: Job, { config, ports }: PlacedWorker): readonly Word[] {
  if (!config.kv_events) return [];
  const port = portPart('kv-events', ports.kvEvents, job);
  return ['--kv-events-config', ['{"publisher":"zmq","topic":"kv-events","endpoint":"tcp://*:', port, '"}']];
}

/** Dynamo's own options. 1.0 moved the migration limit to the frontend. */
function dynamoWords(job: Job, { config }: PlacedWorker): readonly string[] {
  const { dynamo, infra } = job;
  return argumentWords({
    endpoint: config.endpoint,
    'request-plane': hasRequestPlane(job) && infra.request_plane,
    'event-plane': hasEventPlane(job) && infra.event_plane,
    'dyn-tool-call-parser': dynamo.tool_call_parser,
    'dyn-reasoning-parser': dynamo.reasoning_parser,
    'custom-jinja-template': dynamo.custom_jinja_template,
    'use-sglang-tokenizer': dynamo.sglang_tokenizer === true,
    'migration-limit': !hasPlanes(job) && migrationLimit(job),
  });
}

/** Dynamo's engine without a model, for tests. */
const MOCKER = 'dynamo.mocker';

/** `dynamo/mocker/args.py` of the wheels 0.6.1 to 1.6.1. It runs on one node, and is none of several ranks. */
function mockerWords(job: Job, worker: PlacedWorker): readonly Word[] {
  const { role, config, dp, ports } = worker;
  const { version } = job.dynamo;
  const mode = role === 'prefill' || role === 'decode' ? role : 'agg';
  const words: Word[] = ['--model-path', job.model.path, '--model-name', job.model.served_name];
  if (atLeast(version, '1.0')) words.push('--disaggregation-mode', mode);
  else if (mode !== 'agg') words.push(`--is-${mode}-worker`);
  if (role === 'prefill' && atLeast(version, '0.8'))
    words.push('--bootstrap-ports', portWord('bootstrap', ports.bootstrap, job));
  if (dp > 1) words.push('--data-parallel-size', String(dp));
  if (config.endpoint !== undefined) words.push('--endpoint', config.endpoint);
  if (hasRequestPlane(job)) words.push('--request-plane', job.infra.request_plane);
  if (atLeast(version, '1.1')) words.push('--event-plane', job.infra.event_plane);
  return words;
}

/** Without what is written already, and what the role's extra words say: those are passed on as they are. */
function remaining(args: Settings['args'], { role, config }: PlacedWorker): Settings['args'] {
  const last = flagGroups(config.flags).map(({ name }) => name);
  return Object.fromEntries(
    Object.entries(args).filter(([name]) => !isManaged(name, role, config) && !last.includes(name)),
  );
}
