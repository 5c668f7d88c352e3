import type { ConfigEntry } from '../../config/yaml/tree.ts';
import type { Place } from '../finding.ts';
import type { Found } from '../keys.ts';

export type EngineName = 'sglang' | 'vllm' | 'trtllm' | 'mocker';
export type RoleName = 'prefill' | 'decode' | 'aggregated';

/** A recipe of srt-slurm in terms that its two schemas share. Every value has its place. */
export interface Recipe {
  readonly place: Place;
  /** `2` where it says so or has keys that only schema 2 has; mixtures occur. */
  readonly schema: 1 | 2;
  readonly name: Found<string>;
  readonly model: {
    readonly place: Place;
    /** A path, an alias of the cluster or, with `hub`, an id of the Hugging Face hub. */
    readonly path: Found<string>;
    readonly hub: boolean;
    /** A file, a registry's image or an alias of the cluster. */
    readonly container: Found<string>;
  };
  /** What it says of itself beside that: precision, identity. */
  readonly about: readonly string[];
  readonly gpu: Found<string> | undefined;
  readonly gpusPerNode: { readonly value: number; readonly place: Place };
  readonly engine: RecipeEngine;
  readonly roles: readonly RecipeRole[];
  /** The workers of all roles fill nodes one after the other, however many nodes the roles have: vLLM's colocation. */
  readonly packed: boolean;
  /** The environment of all workers, Dynamo's frontends and the benchmark; it wins over their own. */
  readonly environment: readonly ConfigEntry[];
  readonly frontend: RecipeFrontend;
  readonly dynamo: RecipeDynamo;
  /** Nodes without workers are one node; else each of frontend, services and benchmark that asks for one has its own. */
  readonly oneApart: boolean;
  readonly infra: {
    readonly dedicated: Found<boolean> | undefined;
    /** Megabytes. */
    readonly natsPayload: Found<number> | undefined;
  };
  /** Seconds until the service has to be ready. */
  readonly deadline: Found<number> | undefined;
  readonly slurm: RecipeSlurm;
  /** `HOST:CONTAINER[:ro]`. */
  readonly mounts: readonly Found<string>[];
  /** A script of srt-slurm's checkout that every container runs first. */
  readonly setup: Found<string> | undefined;
  readonly bench: RecipeBench | undefined;
  readonly profiling: RecipeProfiling | undefined;
  readonly mooncake: RecipeMooncake | undefined;
}

export interface Colocation {
  readonly allowed: Found<boolean> | undefined;
  readonly acrossNodes: Found<boolean> | undefined;
}

export interface RecipeEngine {
  readonly name: EngineName;
  readonly place: Place;
  /** Its release, by what the recipe expects or by the tag of its image. */
  readonly release: Found<string> | undefined;
  readonly servedName: Found<string> | undefined;
  /** vLLM: what moves KV caches. `null`: nothing but what the arguments say; undefined: srt-slurm's default, nixl. */
  readonly connector: Found<string | null> | undefined;
  /** vLLM: prefill and decode may share one node, or, where that is allowed too, any number of nodes. */
  readonly colocation: Colocation;
  /** vLLM under Dynamo: each data parallel rank is a process of its own. */
  readonly ranksApart: ConfigEntry | undefined;
  /** TensorRT-LLM: workers publish KV cache events and metrics. */
  readonly publishes: Found<boolean> | undefined;
  /** TensorRT-LLM: memory of workers is bound to NUMA nodes. */
  readonly numa: Found<boolean> | undefined;
  /** The mock engine's own settings. */
  readonly knobs: readonly ConfigEntry[];
}

export interface RecipeRole {
  readonly role: RoleName;
  /** The places of its size and of its arguments. */
  readonly place: Place;
  readonly heading: Place;
  readonly workers: number;
  /** Its own nodes; 0 where it runs on another role's. */
  readonly nodes: number;
  /** GPUs of one worker, given or derived. */
  readonly gpus: number;
  /** The places of these. */
  readonly places: { readonly workers: Place; readonly nodes: Place; readonly gpus: Place };
  /** One worker on each node, however small. */
  readonly spread: boolean;
  readonly args: readonly ConfigEntry[];
  readonly env: readonly ConfigEntry[];
  /** `true`, or a map of publisher settings. */
  readonly kvEvents: ConfigEntry | undefined;
  /** How often a worker is started again. */
  readonly restart: Found<number> | undefined;
  readonly critical: Found<boolean> | undefined;
  /** Further words of the engine's command line. */
  readonly words: readonly Found<string>[];
}

export type FrontendType = 'dynamo' | 'sglang-router' | 'vllm-router' | 'trtllm-serve' | 'none';

export interface RecipeFrontend {
  readonly type: FrontendType;
  readonly place: Place;
  /** Frontends behind nginx, and 1 where there is none. */
  readonly count: number;
  readonly countPlace: Place;
  readonly dedicated: Found<boolean> | undefined;
  readonly affinity: { readonly header: string; readonly place: Place } | undefined;
  readonly nginx: Found<string> | undefined;
  readonly image: Found<string> | undefined;
  /** What TensorRT-LLM's orchestrator has in its file: how it chooses a server of either kind, and further keys. */
  readonly file: {
    readonly prefill: ConfigEntry | undefined;
    readonly decode: ConfigEntry | undefined;
    readonly more: readonly ConfigEntry[];
  };
  readonly args: readonly ConfigEntry[];
  readonly env: readonly ConfigEntry[];
}

/** The source of the job's Dynamo. */
export interface RecipeDynamo {
  readonly place: Place;
  readonly source:
    | { readonly kind: 'image'; readonly place: Place }
    | { readonly kind: 'version' | 'wheel' | 'commit'; readonly value: string; readonly place: Place };
  /** A release as X.Y.Z whose options it takes, and how that is known; undefined where nothing tells. */
  readonly release:
    | {
        readonly value: string;
        readonly why: 'given' | 'development' | 'identity' | 'image' | 'engine';
        readonly place: Place;
      }
    | undefined;
  /** `tcp` by default. */
  readonly requestPlane: Found<string> | undefined;
  readonly eventPlane: Found<string> | undefined;
}

export interface RecipeSlurm {
  readonly account: Found<string> | undefined;
  readonly partition: Found<string> | undefined;
  readonly time: Found<string> | undefined;
  readonly directives: readonly ConfigEntry[];
  readonly srun: readonly ConfigEntry[];
}

export interface RecipeBench {
  readonly place: Place;
  readonly type: Found<string>;
  readonly isl: Found<number> | undefined;
  readonly osl: Found<number> | undefined;
  readonly concurrencies: Found<readonly number[]> | undefined;
  readonly rate: Found<string> | undefined;
  readonly rangeRatio: Found<number> | undefined;
  readonly prompts: Found<number> | undefined;
  readonly warmup: Found<number> | undefined;
  readonly chatTemplate: Found<boolean> | undefined;
  readonly tokenizer: Found<string> | undefined;
  readonly dataset: Found<string> | undefined;
  readonly datasetPath: Found<string> | undefined;
  readonly command: Found<string> | undefined;
  readonly image: Found<string> | undefined;
  readonly node: Found<string> | undefined;
  /** It has a node without workers. */
  readonly apart: Found<true> | undefined;
  readonly env: readonly ConfigEntry[];
  /** Other keys of the type. */
  readonly more: readonly ConfigEntry[];
}

export interface RecipeProfiling {
  readonly type: Found<string>;
  readonly words: readonly Found<string>[];
}

export interface RecipeMooncake {
  readonly place: Place;
  readonly env: readonly ConfigEntry[];
  readonly args: ConfigEntry | undefined;
  readonly store: ConfigEntry | undefined;
  readonly container: Found<string> | undefined;
}
