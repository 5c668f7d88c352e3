/** What was measured, and with what. */
export interface BenchProvenance {
  readonly dynSlurm?: string;
  readonly dynamo?: string;
  readonly engine?: string;
  /** SHA-256 of config.yaml as sent, in hex. */
  readonly configHash?: string;
  /** The commit of the work tree that the config was in; `+dirty` where it had changes. */
  readonly gitCommit?: string;
  readonly image?: string;
  /** Name of the published topology. */
  readonly topology?: string;
  readonly model: string;
  /** Mock engines answered: the figures say nothing about GPUs. */
  readonly mock: boolean;
  /** GPUs that the workers use. */
  readonly gpus: BenchGpus;
}

export interface BenchGpus {
  readonly model: string;
  readonly total: number;
  readonly prefill: number;
  readonly decode: number;
  readonly aggregated: number;
}
