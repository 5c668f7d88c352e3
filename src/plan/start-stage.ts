/**
 * What a worker does before it serves, in the order of SGLang's own: `weights` (done and total are shards), `kv-cache`,
 * `cuda-graphs` (batch sizes), `deep-gemm` (kernels that are compiled), `warm-up`.
 */
export type StartStage = 'weights' | 'kv-cache' | 'cuda-graphs' | 'deep-gemm' | 'warm-up';
