import { releasesOf } from '../../config/compat/engine-table.ts';
import { atLeast } from '../../config/compat/release.ts';
import type { Job } from '../../config/job.ts';
import { rolesOf } from '../../config/schema/role.ts';
import { usesDynamo } from '../../config/schema/sections.ts';
import { error, keyError, type Problem, warning } from '../../config/yaml/problem.ts';
import type { Engine } from '../engine.ts';
import { KERNEL_CACHES } from '../kernel-caches.ts';
import { checkAgreement } from './agreement.ts';
import { command, isTorn, MODULE, modeOf, ports, tornWords } from './command.ts';
import managed from './managed.json' with { type: 'json' };
import { checkSizes, sizes } from './sizes.ts';

/** TensorRT-LLM 1.0 to 1.3, with `dynamo/trtllm` 0.4 to 1.6.1. */
export const trtllm: Engine = {
  type: 'trtllm',
  packageExtra: 'trtllm',
  title: 'TensorRT-LLM',
  module: () => MODULE,
  release: (job) => releasesOf(job).trtllm,
  programs: ({ module = MODULE }, { dynamo }) =>
    module === MODULE ? [{ name: MODULE, release: dynamo }] : [],
  argumentFile: ({ trtllm: release }) => ({ name: 'trtllm', release }),
  counterparts: {},
  settings: (given) => given,
  managed,
  mode: modeOf,
  sizes,
  checkSizes,
  checkRoles,
  command,
  ports,
  rankPorts: { name: 'MASTER_PORT', count: 1 },
  ownPorts: [],
  component: (role, _, release) => {
    if (role === 'prefill') return 'prefill';
    if (role === 'encode') return atLeast(release, '1.3') ? 'encode' : 'tensorrt_llm_encode';
    return atLeast(release, '1.3') ? 'backend' : 'tensorrt_llm';
  },
  instances: () => 1,
  surfaces: { modality: { image_diffusion: 'media', video_diffusion: 'media' } },
  mocked: /^dynamo\.trtllm$/,
  loadsModel: true,
  kernelCaches: KERNEL_CACHES.trtllm,
  // `_cal_max_memory` of _torch/pyexecutor/_util.py: of what the loaded model leaves.
  memory: {
    flag: '--free-gpu-memory-fraction',
    key: ['kv_cache_config', 'free_gpu_memory_fraction'],
    of: 'left',
    loaded: 'for max tokens in paged KV cache',
  },
};

function* checkRoles(job: Job): Generator<Problem> {
  yield* checkAgreement(job);
  const { runs_dir: runs = '' } = job.cluster;
  if (isTorn(runs))
    yield keyError(
      ['engine'],
      `trtllm-llmapi-launch splits words at spaces and expands them, so the engine's file would not be found in ${JSON.stringify(runs)}, the runs_dir of the cluster profile`,
      'choose a folder without spaces and without characters that bash expands',
    );
  if (job.dynamo.sglang_tokenizer !== undefined)
    yield keyError(
      ['dynamo', 'sglang_tokenizer'],
      'is for another engine, and this job runs TensorRT-LLM',
      'remove it',
    );
  for (const key of ['path', 'served_name'] as const) {
    if (isTorn(job.model[key] ?? ''))
      yield error(
        ['model', key],
        `trtllm-llmapi-launch splits words at spaces and expands them, so it would not pass on ${JSON.stringify(job.model[key])} as it is`,
        'use a name without spaces and without characters that bash expands',
      );
  }
  for (const [role, config] of rolesOf(job)) {
    if (config.kv_events && !usesDynamo(job))
      yield warning(
        [role, 'kv_events'],
        'has no effect: trtllm-serve has no events for others, and its orchestrator asks each server for those of its cache',
        `set event_buffer_max_size in kv_cache_config of ${role}.args, and a router in frontend.args`,
      );
    if (job.profile?.roles.includes(role))
      yield error(
        ['profile', 'roles'],
        `${role} workers run TensorRT-LLM, whose MPI launcher nsys cannot be put before`,
        'leave the role out; TLLM_PROFILE_START_STOP in its env records iterations',
      );
    for (const index of tornWords(config))
      yield error(
        [role, 'flags', index],
        'trtllm-llmapi-launch splits words at spaces and expands them, so the program would not get this one as it is',
        `write what belongs to the engine in ${role}.args, which goes into a file`,
      );
  }
}
