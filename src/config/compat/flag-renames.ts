import type { ArgumentValue, Role } from '../schema/role.ts';
import { atLeast } from './release.ts';

/** Stands for whatever value the setting has; it keeps it under its other name. */
export const SAME_VALUE = Symbol('carried');

/** Settings as a release writes them. A list of values of a variable: all of them mean the same, the first is written. */
export interface Written {
  readonly args?: Readonly<Record<string, ArgumentValue | typeof SAME_VALUE>>;
  readonly env?: Readonly<Record<string, string | readonly string[] | typeof SAME_VALUE>>;
}

/** One setting whose writing changed between releases. */
export interface FlagRename {
  /** First release of SGLang, or of Dynamo, that is given `now`; earlier ones are given `was`. */
  readonly since: { readonly sglang: string } | { readonly dynamo: string };
  readonly of?: Role | 'frontend';
  readonly was: Written;
  /** Empty where the setting is gone. */
  readonly now: Written;
  /** `now` does not tell that it was `was`: only older writings are turned into newer ones. */
  readonly oneWay?: true;
}

/**
 * Whichever writing a config has, the release's own is passed on; what is not listed passes through untouched.
 * From `server_args.py`, `environ.py` and `arg_groups/` of SGLang's wheels, and from `dynamo/sglang` and
 * `dynamo/frontend` of those of ai-dynamo. Where several releases take both writings, the last of them is changed.
 */
export const FLAG_RENAMES: readonly FlagRename[] = [
  // SGLang 0.4.10.post2 is the first to take the new one, 0.5.4 the last to take the old one.
  {
    since: { dynamo: '0.5.1' },
    was: { args: { 'enable-deepep-moe': true } },
    now: { args: { 'moe-a2a-backend': 'deepep' } },
  },
  // SGLang 0.5.14 is the first to take the new ones, 0.5.19 the last to take the old ones.
  {
    since: { sglang: '0.5.20' },
    was: { args: { 'cuda-graph-bs': SAME_VALUE } },
    now: { args: { 'cuda-graph-bs-decode': SAME_VALUE } },
  },
  {
    since: { sglang: '0.5.20' },
    was: { args: { 'cuda-graph-max-bs': SAME_VALUE } },
    now: { args: { 'cuda-graph-max-bs-decode': SAME_VALUE } },
  },
  // The old one is deprecated from 0.5.14 on.
  {
    since: { sglang: '0.5.20' },
    was: { args: { 'disable-cuda-graph': true } },
    now: { args: { 'cuda-graph-backend-decode': 'disabled', 'cuda-graph-backend-prefill': 'disabled' } },
  },
  {
    since: { sglang: '0.5.20' },
    was: { args: { 'disable-piecewise-cuda-graph': true } },
    now: { args: { 'cuda-graph-backend-prefill': 'disabled' } },
  },
  // Up to SGLang 0.5.9 prefill has no graphs unless an argument asks for them, and no release takes this one.
  {
    since: { sglang: '0.5.10' },
    was: {},
    now: { args: { 'disable-piecewise-cuda-graph': true } },
  },
  {
    since: { sglang: '0.5.14' },
    was: { args: { 'enable-flashinfer-allreduce-fusion': true } },
    now: { args: { 'flashinfer-allreduce-fusion-backend': 'auto' } },
  },
  // Without effect since SGLang 0.5.8; 0.5.19 is the last to take it.
  {
    since: { sglang: '0.5.20' },
    was: { args: { 'prefill-round-robin-balance': true } },
    now: {},
    oneWay: true,
  },
  // SGLang 0.5.19 is the last to have it; this is what upstream's recipes for Blackwell moved to.
  {
    since: { sglang: '0.5.20' },
    was: { args: { 'attention-backend': 'cutlass_mla' } },
    now: { args: { 'attention-backend': 'trtllm_mla' } },
    oneWay: true,
  },

  // Dynamo's own flags.
  { since: { dynamo: '0.6' }, was: { args: { 'enable-prefill-routing': true } }, now: {}, oneWay: true },
  {
    since: { dynamo: '1.3' },
    of: 'encode',
    was: { args: { 'multimodal-encode-worker': true } },
    now: { args: { 'enable-multimodal': true } },
  },
  {
    since: { dynamo: '1.3' },
    was: { args: { 'multimodal-worker': true } },
    now: { args: { 'enable-multimodal': true, 'dedicated-mm-encoder': true } },
  },
  {
    since: { dynamo: '1.4' },
    of: 'frontend',
    was: { args: { 'router-reset-states': true } },
    now: {},
    oneWay: true,
  },

  // SGLang's environment.
  {
    since: { sglang: '0.5.3.post2' },
    was: { env: { SGL_DG_CACHE_DIR: SAME_VALUE } },
    now: { env: { SGLANG_DG_CACHE_DIR: SAME_VALUE } },
  },
  {
    since: { sglang: '0.5.4.post3' },
    was: { env: { SGL_JIT_DEEPGEMM_PRECOMPILE: SAME_VALUE } },
    now: { env: { SGLANG_JIT_DEEPGEMM_PRECOMPILE: SAME_VALUE } },
  },
  {
    since: { sglang: '0.5.6.post2' },
    was: { env: { SGLANG_CUTEDSL_MOE_NVFP4_DISPATCH: SAME_VALUE } },
    now: { env: { SGLANG_MOE_NVFP4_DISPATCH: SAME_VALUE } },
  },
  // SGLang 0.5.8 to 0.5.16 do not read the old one, and read SGL_… as its opposite.
  {
    since: { sglang: '0.5.8' },
    was: { env: { SGLANG_DISABLE_TP_MEMORY_INBALANCE_CHECK: '1' } },
    now: { env: { SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK: 'false' } },
  },
  {
    since: { sglang: '0.5.8' },
    was: { env: { SGL_DISABLE_TP_MEMORY_INBALANCE_CHECK: '1' } },
    now: { env: { SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK: 'false' } },
    oneWay: true,
  },
  {
    since: { sglang: '0.5.16' },
    was: { env: { SGLANG_PER_TOKEN_GROUP_QUANT_8BIT_V2: SAME_VALUE } },
    now: {},
    oneWay: true,
  },
  // Variables that became arguments.
  {
    since: { sglang: '0.5.6.post2' },
    was: { env: { SGLANG_ENABLE_FLASHINFER_GEMM: ['1', 'true'] } },
    now: { args: { 'fp8-gemm-backend': 'flashinfer_trtllm' } },
    oneWay: true,
  },
  {
    since: { sglang: '0.5.8' },
    was: { env: { SGLANG_FP4_GEMM_BACKEND: 'cutlass' } },
    now: { args: { 'fp4-gemm-backend': 'flashinfer_cutlass' } },
    oneWay: true,
  },
  // SGLang reads it from 0.5.5 to 0.5.9, from 0.5.8 on with a warning.
  ...['cutlass', 'cudnn', 'trtllm'].map(
    (backend): FlagRename => ({
      since: { sglang: '0.5.8' },
      was: { env: { SGLANG_FLASHINFER_FP4_GEMM_BACKEND: [backend, `flashinfer_${backend}`] } },
      now: { args: { 'fp4-gemm-backend': `flashinfer_${backend}` } },
    }),
  ),
];

/** Releases from which on Dynamo does itself what these helpers did: its frontend talks to encoders and routes prefill. */
const HELPED_UNTIL: Readonly<Partial<Record<Role, string>>> = { processor: '1.1', router: '0.8' };

/** Whether the release has workers of this role. Those of a topology that it no longer has are left out of the job. */
export function hasRole(role: Role, release: string): boolean {
  const until = HELPED_UNTIL[role];
  return until === undefined || !atLeast(release, until);
}
