import type { Arg, Placeholder } from '../argument.ts';
import type { Program, Releases } from '../config/compat/engine-table.ts';
import type { Settings } from '../config/compat/flag-renames.ts';
import type { Job } from '../config/job.ts';
import type { JobConfig } from '../config/schema/job-schema.ts';
import type { Role, RoleConfig } from '../config/schema/role.ts';
import type { EngineType } from '../config/schema/sections.ts';
import type { Problem } from '../config/yaml/problem.ts';
import type { Parallelism, PlacedWorker } from './worker.ts';

/** All that differs from one engine to the next, as far as plans and their rules go. Logs and metrics: see dialect.ts. */
export interface Engine {
  readonly type: EngineType;
  /** As in a sentence: `SGLang`. */
  readonly title: string;
  /** The Python module that a worker of a role runs with a release of Dynamo. */
  readonly module: (role: Role, release: string) => string;
  /** The extra of the package `ai-dynamo` that brings the engine. */
  readonly packageExtra?: string;
  /** The engine's release in the image, as far as the config, the image's tag or Dynamo's release tells; else ''. */
  readonly release: (job: Pick<JobConfig, 'dynamo' | 'engine' | 'container'>) => string;
  /** The programs whose parsers read a worker's arguments, one after the other; none where no table has them. */
  readonly programs: (config: RoleConfig, releases: Releases) => readonly Program[];
  /** Set if `args` are a file of the engine's own: the program in the tables whose arguments are keys of that file. */
  readonly argumentFile?: (releases: Releases) => Program;
  /** Arguments and variables as the releases in the image write them. */
  readonly settings: (given: Settings, role: Role, job: JobConfig) => Settings;
  /** Arguments of other engines that people carry over: whose they are, and what this one calls them. */
  readonly counterparts: Readonly<Record<string, readonly string[]>>;
  /** Arguments that are dyn-slurm's to write, by what makes them: the path of a field, with `ROLE` for the role, or words. */
  readonly managed: Readonly<Record<string, string>>;
  /** Values of managed arguments that only this engine has, by what makes them; without those that only the job knows. */
  readonly managedValues?: (worker: SizedWorker) => Readonly<Record<string, string>>;
  /** A worker's `--disaggregation-mode`; undefined where it is not given. */
  readonly mode: (role: Role, config: RoleConfig, release: string) => string | undefined;
  /** Parallel sizes of a worker of so many GPUs, where a role gives only some of them. */
  readonly sizes: (config: RoleConfig, gpus: number) => Parallelism;
  /** What is wrong with sizes that lie between 1 and the worker's GPUs. */
  readonly checkSizes: (worker: SizedWorker, job: JobConfig) => Iterable<Problem>;
  /** What is wrong with the settings of roles together. */
  readonly checkRoles: (job: Job) => Iterable<Problem>;
  readonly command: (context: WorkerContext) => EngineCommand;
  /** What the leader of a worker listens on for its engine, by use. */
  readonly ports: (worker: PlacedWorker, argv: readonly Arg[], job: Job) => readonly EnginePort[];
  /** What a worker's ranks do with the ports that are theirs from `infra.ports.dist_init` on, and how many they may take. */
  readonly rankPorts: { readonly name: string; readonly count: number };
  /** Further fields of `infra.ports` of which its workers have ports. */
  readonly ownPorts: readonly ('bootstrap' | 'side_channel' | 'engine')[];
  /** The component that a worker registers, and how many instances of it. */
  readonly component: (role: Role, config: RoleConfig, release: string) => string;
  readonly instances: (worker: PlacedWorker) => number;
  /** How many of a worker's nodes serve, where that may be more than the first. */
  readonly serving?: (worker: PlacedWorker) => number;
  /** How many processes that serve each node of a worker has, where that may be more than one. */
  readonly serversPerNode?: (worker: SizedWorker) => number;
  /** Where a worker has its page of metrics, if that is not `/metrics`. */
  readonly metricsPath?: string;
  /** Arguments that make a worker serve something else than chats; of some, only with a value. */
  readonly surfaces: Readonly<Record<string, Surface | Readonly<Record<string, Surface>>>>;
  /** Modules that a rehearsal has a mock engine for. */
  readonly mocked: RegExp;
  /** Whether a worker loads the model's weights. */
  readonly loadsModel: boolean;
  /** Modules of a Python that has the engine; absent for one that one machine cannot serve without Slurm. */
  readonly pythonModules?: readonly string[];
  /** Folders in which it, and the libraries that it brings, keep compiled kernels: the part of the cache that a variable names. */
  readonly kernelCaches: Readonly<Record<string, string>>;
  /** How a worker is told how much of a GPU's memory is its own; absent where it uses none. */
  readonly memory?: MemoryArgument;
}

/** The argument that bounds the memory of weights and KV cache. */
export interface MemoryArgument {
  /** With its dashes, as the command has it. */
  readonly flag: string;
  /** Key of `args`, or the keys that lead to it. */
  readonly key: readonly string[];
  /**
   * What its value is a part of: `gpu`, the whole memory of the GPU; `free`, what is free before the weights are loaded;
   * `left`, what is free after that, for the KV cache alone.
   */
  readonly of: 'gpu' | 'free' | 'left';
  /** An extended regular expression: the line of its log after which a worker takes no more memory. */
  readonly loaded: string;
}

/** What clients ask a service for; `media`: images, video or audio. */
export type Surface = 'chat' | 'embeddings' | 'rerank' | 'classify' | 'media';

/** A worker with its sizes, before it has a place. */
export interface SizedWorker extends Parallelism {
  readonly role: Role;
  readonly config: RoleConfig;
  readonly gpus: number;
  readonly nodes: number;
}

/** What an engine is told of a worker whose command it makes. */
export interface WorkerContext {
  readonly job: Job;
  readonly worker: PlacedWorker;
  /** Its arguments and variables, as its release writes them, without secrets. */
  readonly settings: Settings;
  /** A port of the plan, as a part of a word. */
  readonly port: (use: EnginePort['use'], port: number) => string | Placeholder;
}

export interface EngineCommand {
  /** What every node of the worker runs. */
  readonly argv: readonly Arg[];
  /** What follows it, by the rank of the node or, with several servers on each, of the server; absent where all run the same. */
  readonly rankArgv?: readonly (readonly Arg[])[];
  readonly env: Readonly<Record<string, Arg>>;
  /** Files of the run folder's `steps` that the command names, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** It is a program of MPI: so many tasks on each node, rather than one. */
  readonly mpi?: { readonly tasksPerNode: number };
  /** An extended regular expression: after a line of its log that it matches, the command is over even if it lives on. */
  readonly fatal?: string;
}

/** Ports that an engine listens on beside those of Dynamo. */
export interface EnginePort {
  readonly use:
    | 'server'
    | 'dist-init'
    | 'nccl'
    | 'dp-handshake'
    | 'master'
    | 'dp-rpc'
    | 'kvbm'
    | 'bootstrap'
    | 'side-channel'
    | 'engine'
    | 'kv-events';
  readonly port: number;
  readonly count?: number;
  /** It listens at all addresses of its node, where the newest release does not. */
  readonly everywhere?: boolean;
}
