import { type Arg, argOf } from '../../argument.ts';
import { hasRequestPlane } from '../../config/compat/planes.ts';
import { atLeast } from '../../config/compat/release.ts';
import type { Role, RoleConfig } from '../../config/schema/role.ts';
import type { Engine, EngineCommand, WorkerContext } from '../engine.ts';
import { KERNEL_CACHES } from '../kernel-caches.ts';
import { givenWords } from '../managed.ts';
import { sglang } from '../sglang/index.ts';

const MODULE = 'dynamo.mocker';

/** Whether a role runs the mocker, whatever engine the job has. */
export function isMocker({ module }: RoleConfig): boolean {
  return module === MODULE;
}

/** It needs no extra of Dynamo's package, and no memory of a GPU. */
const { packageExtra: _, memory: __, ...likeSglang } = sglang;

/**
 * Dynamo's engine without a model, for tests; it takes the roles, sizes and arguments of SGLang as far as it has them.
 * `dynamo/mocker/args.py` of the wheels 0.6.1 to 1.6.1. It runs on one node, and is none of several ranks.
 */
export const mocker: Engine = {
  ...likeSglang,
  type: 'mocker',
  title: 'the mocker',
  module: () => MODULE,
  release: ({ dynamo }) => dynamo.version,
  programs: (_, { dynamo }) => [{ name: MODULE, release: dynamo }],
  command,
  surfaces: {},
  mocked: /^dynamo\.mocker$/,
  loadsModel: false,
  kernelCaches: KERNEL_CACHES.mocker,
  pythonModules: [],
};

function command({ job, worker, settings, port }: WorkerContext): EngineCommand {
  const { role, config, dp, ports } = worker;
  const { version } = job.dynamo;
  const mode = modeOf(role);
  const words: Arg[] = ['--model-path', job.model.path, '--model-name', job.model.served_name];
  if (atLeast(version, '1.0')) words.push('--disaggregation-mode', mode);
  else if (mode !== 'agg') words.push(`--is-${mode}-worker`);
  if (role === 'prefill' && atLeast(version, '0.8'))
    words.push('--bootstrap-ports', argOf(port('bootstrap', ports.bootstrap)));
  if (dp > 1) words.push('--data-parallel-size', String(dp));
  if (config.endpoint !== undefined) words.push('--endpoint', config.endpoint);
  if (hasRequestPlane(job)) words.push('--request-plane', job.infra.request_plane);
  if (atLeast(version, '1.1')) words.push('--event-plane', job.infra.event_plane);
  const given = givenWords(mocker, settings.args, worker);
  return { argv: ['python3', '-m', config.module ?? MODULE, ...words, ...given], env: {} };
}

function modeOf(role: Role): 'prefill' | 'decode' | 'agg' {
  return role === 'prefill' || role === 'decode' ? role : 'agg';
}
