/**
 * Compilers that all engines bring, by the variable that says where they keep what they have compiled. FlashInfer adds
 * `.cache/flashinfer` to its folder itself.
 */
const SHARED = {
  TRITON_CACHE_DIR: 'triton',
  TORCHINDUCTOR_CACHE_DIR: 'inductor',
  FLASHINFER_WORKSPACE_BASE: 'flashinfer',
  CUDA_CACHE_PATH: 'cuda',
  TVM_FFI_CACHE_DIR: 'tvm-ffi',
  TILELANG_CACHE_DIR: 'tilelang',
};

/**
 * By engine. SGLang sets DG_JIT_CACHE_DIR itself, from its own variable (`compile_utils.py` of 0.5.21), which up to 0.5.2
 * was SGL_DG_CACHE_DIR; vLLM reads DeepGEMM's own; TensorRT-LLM's copy of DeepGEMM has another (`compiler.cuh`).
 */
export const KERNEL_CACHES = {
  sglang: {
    ...SHARED,
    SGLANG_CACHE_DIR: 'sglang',
    SGLANG_JIT_CACHE_DIR: 'sglang-jit',
    SGLANG_DG_CACHE_DIR: 'deep_gemm',
  },
  vllm: { ...SHARED, VLLM_CACHE_ROOT: 'vllm', DG_JIT_CACHE_DIR: 'deep_gemm' },
  trtllm: { ...SHARED, TRTLLM_DG_CACHE_DIR: 'deep_gemm' },
  mocker: {},
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;
