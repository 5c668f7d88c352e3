import notes from '../../config/compat/argument-notes.json' with { type: 'json' };
import { releasesOf } from '../../config/compat/engine-table.ts';
import { lastFlag } from '../../config/compat/given-flags.ts';
import { atLeast } from '../../config/compat/release.ts';
import type { JobConfig } from '../../config/schema/job-schema.ts';
import { rolesOf } from '../../config/schema/role.ts';
import { usesDynamo } from '../../config/schema/sections.ts';
import { error, keyError, type Problem, warning } from '../../config/yaml/problem.ts';
import { dashed } from '../dashed.ts';
import type { Engine, SizedWorker } from '../engine.ts';
import { KERNEL_CACHES } from '../kernel-caches.ts';
import type { PlacedWorker } from '../worker.ts';
import { checkAgreement } from './agreement.ts';
import { checkSizes } from './check-sizes.ts';
import { command, MODULE, modeOf, PORTS_OF_RANKS, ports } from './command.ts';
import managed from './managed.json' with { type: 'json' };
import { layoutOf, ranksApart, sizes } from './sizes.ts';

/** vLLM 0.10 to 0.33, with `dynamo/vllm` 0.4 to 1.6.1. */
export const vllm: Engine = {
  type: 'vllm',
  packageExtra: 'vllm',
  title: 'vLLM',
  module: () => MODULE,
  release: (job) => releasesOf(job).vllm,
  programs: ({ module = MODULE }, { dynamo, vllm }) =>
    module === MODULE
      ? [
          { name: MODULE, release: dynamo },
          { name: 'vllm', release: vllm },
        ]
      : [],
  counterparts: notes.counterparts.vllm,
  settings: dashed,
  managed,
  managedValues,
  mode: (role, _, release) => modeOf(role, release),
  sizes,
  checkSizes,
  checkRoles,
  command,
  ports,
  rankPorts: { name: 'master port', count: PORTS_OF_RANKS },
  ownPorts: ['side_channel', 'engine'],
  component: (role, _, release) => {
    if (role === 'prefill') return 'prefill';
    if (role === 'encode') return atLeast(release, '1.1') ? 'encode' : 'encoder';
    return 'backend';
  },
  instances: (worker) => serving(worker) * serversPerNode({ ...worker, nodes: worker.nodes.length }),
  serving,
  serversPerNode,
  surfaces: {
    'embedding-worker': 'embeddings',
    'classify-worker': 'classify',
    omni: 'media',
    realtime: 'media',
  },
  mocked: /^dynamo\.vllm$/,
  loadsModel: true,
  kernelCaches: KERNEL_CACHES.vllm,
  pythonModules: ['vllm'],
  // `request_memory` of v1/worker/utils.py: of all, and more than is free is refused.
  memory: {
    flag: '--gpu-memory-utilization',
    key: ['gpu-memory-utilization'],
    of: 'gpu',
    loaded: 'init engine \\(profile, create kv cache, warmup model\\) took',
  },
};

function managedValues(worker: SizedWorker): Readonly<Record<string, string>> {
  const { perNode } = layoutOf(worker);
  const apart = ranksApart(worker.role, worker.config);
  const hybrid = worker.dp > 1 && perNode > 0 && !apart;
  return {
    'the data parallel ranks of a node': String(apart ? 1 : perNode),
    'where data parallel ranks are': String(hybrid),
  };
}

/** Each node that serves data parallel ranks of its own registers; of others only the first does. */
function serving(worker: PlacedWorker): number {
  const nodes = worker.nodes.length;
  return worker.dp > 1 && layoutOf({ ...worker, nodes }).perNode > 0 ? nodes : 1;
}

/** One, unless each data parallel rank is a process of its own. */
function serversPerNode(worker: Pick<SizedWorker, 'role' | 'config' | 'dp' | 'busy' | 'nodes'>): number {
  return worker.dp > 1 && ranksApart(worker.role, worker.config) ? Math.max(1, layoutOf(worker).perNode) : 1;
}

function* checkRoles(job: JobConfig): Generator<Problem> {
  if (job.dynamo.sglang_tokenizer !== undefined)
    yield keyError(
      ['dynamo', 'sglang_tokenizer'],
      'is for another engine, and this job runs vLLM',
      'remove it; `use-vllm-tokenizer: true` in the args of a role has vLLM tokenize',
    );
  yield* checkAgreement(job);
  const { vllm: release } = releasesOf(job);
  for (const [role, config] of rolesOf(job)) {
    const connector = lastFlag(role, config, 'connector');
    const inEnv = config.env.DYN_CONNECTOR !== undefined;
    if (usesDynamo(job) && atLeast(job.dynamo.version, NO_CONNECTOR_SINCE) && (connector || inEnv))
      yield error(
        connector?.path ?? [role, 'env', 'DYN_CONNECTOR'],
        `dynamo.vllm of Dynamo ${job.dynamo.version} ends at once with ${connector ? '--connector' : 'DYN_CONNECTOR'}`,
        'remove it, and write what it stands for as kv-transfer-config, such as {kv_connector: NixlConnector, kv_role: kv_both}',
      );
    if (config.numa === true && !atLeast(release, NUMA_SINCE))
      yield warning(
        [role, 'numa'],
        `vLLM ${release} has no --numa-bind yet; it was added in vLLM ${NUMA_SINCE}`,
        'remove it, or name the releases in the image: dynamo.version, and engine.version for vLLM',
      );
  }
}

const NUMA_SINCE = '0.20.0';
/** `_reject_connector_flag` of `dynamo/vllm/args.py`. */
const NO_CONNECTOR_SINCE = '1.0';
