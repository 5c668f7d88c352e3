import type { Arg, NodeIndex } from '../argument.ts';
import type { ClusterProfile } from '../config/schema/cluster-schema.ts';
import type { JobConfig, Role } from '../config/schema/job-schema.ts';
import type { Surface } from '../engines/engine.ts';
import type { Parallelism } from '../engines/worker.ts';
import type { StartStage } from '../start-stages.ts';
import type { BenchSpec } from './bench/spec.ts';
import type { GpuShare } from './gpu-share.ts';
import type { HangSigns } from './hang.ts';
import type { CachedImage } from './image.ts';
import type { KernelCache } from './kernel-cache.ts';
import type listeners from './listeners.json';
import type { RunMode } from './policy.ts';
import type { SampleRequest } from './sample-request.ts';
import type { PlannedSetup } from './setup.ts';

/** A `monitor` only watches: the job goes on without it. */
export type ProcessKind =
  | 'image'
  | 'install'
  | 'container'
  | 'cleanup'
  | 'etcd'
  | 'nats'
  | 'mooncake'
  | 'frontend'
  | 'nginx'
  | 'worker'
  | 'monitor'
  | 'bench';

/** A port that a process listens on, and what for. `count` ports from `port` on. */
export interface Port {
  readonly port: number;
  readonly count: number;
  readonly use: PortUse;
  /**
   * Where it listens. `node`: at the one address of its node that the job chose; `loopback`: at 127.0.0.1, out of reach of
   * other nodes; `all`: at every address of the node.
   */
  readonly address: 'node' | 'loopback' | 'all';
  /** What it asks of whoever connects. `certificate`: one that the job has made for itself. */
  readonly guard: 'password' | 'certificate' | 'none';
}

export type PortUse = keyof typeof listeners;

/** Neighbouring ports that move together where one of them is taken on a node. */
export interface PortBlock {
  readonly port: number;
  readonly count: number;
  /** First ports of the blocks that may take its place, in the order in which they are tried. */
  readonly instead: readonly number[];
}

/** The same command on one or more nodes, one task a node unless `mpi` or `localEnv` says otherwise. */
export interface StepBody {
  /** Unique in the job, and the stem of its script, log and state files: `etcd`, `nats`, `frontend-0`, `prefill-0`. */
  readonly name: string;
  readonly kind: ProcessKind;
  readonly role: Role | null;
  /** Index of the worker within its role. */
  readonly worker: number | null;
  /** Contiguous and ascending; the first is the leader. */
  readonly nodes: readonly NodeIndex[];
  /** GPU numbers on each of its nodes. */
  readonly gpus: readonly number[];
  readonly argv: readonly Arg[];
  /** What follows it, by the rank of the task; absent where all run the same. */
  readonly rankArgv?: readonly (readonly Arg[])[];
  /** It is several processes that serve on each of its nodes: what each has in its environment beside `env`, by local rank. */
  readonly localEnv?: readonly Readonly<Record<string, Arg>>[];
  /** How many of its nodes serve, from the first on; absent where that is only the first. */
  readonly serving?: number;
  /** Files of the run folder's `steps` that the command names, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** What runs on each of its nodes before the command. */
  readonly setups?: readonly PlannedSetup[];
  /** It is a program of MPI: so many tasks on each node, rather than one. */
  readonly mpi?: { readonly tasksPerNode: number };
  /** An extended regular expression: after a line of its log that it matches, the command is over even if it lives on. */
  readonly fatal?: string;
  /** Of a worker that has a part of its GPU: how the node finds out how much memory that is. */
  readonly share?: GpuShare;
  /** Where its engine keeps compiled kernels. */
  readonly kernels?: KernelCache;
  readonly env: Readonly<Record<string, Arg>>;
  /** Names of environment variables whose values are secrets, by source; never in the plan or in a dry-run. */
  readonly secrets: Readonly<Record<string, SecretSource>>;
  readonly ports: readonly Port[];
  /** Runs inside the job's container, where one is configured. */
  readonly contained: boolean;
  /** What it starts in the end, where `argv` is a script of ours that does. */
  readonly tool?: readonly string[];
  /** Runs inside a container of this image instead, of which there is one for each such step. */
  readonly image?: string;
  /** A file that the node fills in, and has in a folder of its own: its name, and its text with what only the job knows. */
  readonly filled?: { readonly name: string; readonly text: Arg };
  /** Addresses with ports of servers that must answer at `/health` before it starts. */
  readonly awaits?: readonly Arg[];
}

/** A step with the srun that starts it. */
export interface Step extends StepBody {
  /** The whole command line; but for the step `container` it ends with the path of the step's script in the run folder. */
  readonly srun: readonly Arg[];
}

export type SecretSource = { readonly from_env: string } | { readonly from_file: string };

/** What one node runs of a step; where that is several processes that serve, one of them. */
export interface Process
  extends Omit<
    StepBody,
    | 'nodes'
    | 'rankArgv'
    | 'localEnv'
    | 'serving'
    | 'files'
    | 'setups'
    | 'mpi'
    | 'fatal'
    | 'share'
    | 'kernels'
    | 'secrets'
    | 'contained'
    | 'image'
    | 'tool'
    | 'filled'
    | 'awaits'
  > {
  readonly nodeIndex: NodeIndex;
  readonly nodeRank: number;
  /** There where the step has several processes that serve on each node. */
  readonly localRank?: number;
}

export interface PlanNode {
  readonly index: NodeIndex;
  /** `head`, `frontend`, `nginx`, `prefill`, `decode`, `aggregated`, … in that order. */
  readonly roles: readonly string[];
  /** Names of the steps with a task here. */
  readonly steps: readonly string[];
  readonly gpusUsed: number;
}

export interface PlanWorker extends Omit<Parallelism, 'busy'> {
  readonly name: string;
  readonly role: Role;
  readonly index: number;
  readonly leader: NodeIndex;
  readonly nodes: readonly NodeIndex[];
  /** GPUs on each of its nodes. */
  readonly gpus: readonly number[];
  /** Its part of its one GPU, where others have the rest. */
  readonly gpuShare?: number;
  /** How often it may be started again. */
  readonly restarts: number;
  /** Its loss ends the job. */
  readonly critical: boolean;
}

/** What must be seen before the service counts as ready. */
export interface Readiness {
  readonly model: string;
  /** What clients ask it for. */
  readonly surface: Surface;
  /**
   * Workers that must be registered, by the Dynamo endpoint that they register. Without Dynamo the servers that must answer, and
   * in `component` what a router calls their number; the rest is empty.
   */
  readonly endpoints: readonly {
    readonly role: Role;
    readonly namespace: string;
    readonly component: string;
    readonly endpoint: string;
    readonly workers: number;
  }[];
  /** Seconds. */
  readonly deadline: number;
  readonly stall: number;
  /** Maximum seconds without progress, for each stage of a worker's start. */
  readonly stages: Readonly<Partial<Record<StartStage, number>>>;
  /** Maximum seconds that etcd or a worker's registration may be missing after the service was ready. */
  readonly lost: number;
  /** Maximum seconds that a worker may have work, and show no progress; 0: for ever. */
  readonly hang: number;
  /** Maximum seconds that requests in progress may take before the time limit. */
  readonly drain: number;
  /** Maximum seconds that a dead worker stays registered (lease TTL). */
  readonly lease: number;
  /** Whether this release of Dynamo answers `/v1/models/{id}/ready`. */
  readonly readyRoute: boolean;
}

/** What the job asks its services to find out whether it is ready. */
export interface ReadyRequests {
  /**
   * For each of `Readiness.endpoints`, in the same order: the body that has etcd count its registered workers; without
   * Dynamo their servers, as `NAME=ADDRESS:PORT` with spaces between.
   */
  readonly counts: readonly Arg[];
  /** Path at which a frontend says whether it can serve the model; empty where its release has none. */
  readonly path: string;
  /** Path at which it answers as soon as it runs. */
  readonly live: string;
  /** What a request has to get a result to; absent where it would take long. */
  readonly sample: (Omit<SampleRequest, 'body'> & { readonly body: string }) | undefined;
  /** Addresses with ports, as planned; of etcd empty where the job has none. */
  readonly etcd: Arg;
  readonly entry: Arg;
  readonly frontends: readonly Arg[];
}

/** What some nodes must have before the job starts anything; node.sh knows the checks. */
export interface Check {
  /** Ascending. */
  readonly nodes: readonly NodeIndex[];
  /** The check, and what it is about. */
  readonly words: readonly string[];
}

/** What the shells of the job's nodes start with, as the cluster profile has it. */
export interface Shells {
  /** The batch script runs in a login shell. */
  readonly login: boolean;
  /** Bash that every script runs first; empty where there is none. */
  readonly preamble: string;
  /** The preamble loads modules, whose function a clean shell has to define first. */
  readonly modules: boolean;
}

/** The folder in which the step `install` keeps what it has fetched. */
export interface InstallPlan {
  /** Path of the folder. */
  readonly cache: Arg;
  /** Whose members may write to it, beside its owner. */
  readonly group?: string;
  /** Seconds that the step may take. */
  readonly limit: number;
}

/** Those of `frontend`, and of each role that the job has. */
export type PlannedSettings = {
  readonly [Owner in Role | 'frontend']?: Pick<NonNullable<JobConfig[Owner]>, 'args' | 'env'>;
};

export interface Plan {
  readonly version: 1;
  readonly mode: RunMode;
  readonly name: string;
  /** Release of Dynamo. */
  readonly dynamo: string;
  /** The engine of the workers, by its type in the config. */
  readonly engine: JobConfig['engine']['type'];
  /** What stands between clients and workers, by its type in the config. */
  readonly frontend: JobConfig['frontend']['type'];
  readonly nodes: readonly PlanNode[];
  readonly gpus: {
    readonly model: string;
    readonly perNode: number;
    readonly total: number;
    readonly used: number;
  };
  readonly workers: readonly PlanWorker[];
  /** In launch order: the image, the containers, the installation of Dynamo, infrastructure, frontends, workers, monitors, and a benchmark once they are ready. */
  readonly steps: readonly Step[];
  readonly processes: readonly Process[];
  readonly readiness: Readiness;
  /** Ports that the job moves where a node has them taken, ascending; those that the config gives are not among them. */
  readonly movable: readonly PortBlock[];
  /** The address for clients: nginx when there are several frontends. */
  readonly entry: { readonly node: NodeIndex; readonly port: number };
  readonly warnings: readonly string[];
  /** There where Dynamo is installed when the job starts. */
  readonly install?: InstallPlan;
  /** Seconds: the limit that Slurm is given. */
  readonly timeLimit: number;
  /** Name of its published topology, or `inline`. */
  readonly topology?: string;
  /** Its cluster profile, by which its host is reached. */
  readonly cluster: ClusterProfile & { readonly name: string };
  /** Steps run in containers. */
  readonly contained: boolean;
  /** What `dyn-slurm bench` gives its command, where the config has no benchmark that runs in the job. */
  readonly benchOnDemand?: Step;
  /** Their image, where they do: as the config names it, and as the job caches it, where it does. */
  readonly image?: { readonly name: string; readonly cached?: CachedImage };
  /** Arguments and environment that the config has for the engines of each role and for the frontends. */
  readonly settings: PlannedSettings;
  /** Options of the job script, as words; none of them twice. */
  readonly directives: readonly string[];
  /** Options that sbatch's command line takes instead, by name, because each submission adds to them. */
  readonly commandLine: Readonly<Record<string, string>>;
  /** Nothing where preflight is off. */
  readonly preflight: readonly Check[];
  readonly requests: ReadyRequests;
  /** Absent where nothing is watched. */
  readonly hang?: HangSigns;
  readonly shells: Shells;
  /** Parent of the folders that steps have on the nodes' own disks. */
  readonly localDir: string;
  /** Networks of the services, of which a node takes the first that it has: interfaces, globs of them, subnets or `auto`. */
  readonly interfaces: readonly string[];
  /** There where nodes are in racks that NVLink joins, or in segments; `segment`: nodes in one, 0 where none is asked for. */
  readonly racks?: { readonly segment: number };
  /** What etcd asks of its clients. */
  readonly etcdGuard: Port['guard'];
  /** Size limit of a NATS message, in megabytes. */
  readonly natsMaxPayload: number;
  /** There with several frontends; the words are addresses with ports. `header`: by which sessions are told apart. */
  readonly nginx?: {
    readonly listen: Arg;
    readonly upstreams: readonly Arg[];
    readonly header?: string;
  };
  /** Settings of a Mooncake store's clients, whose values may be words; there with `infra.mooncake.store`. */
  readonly mooncake?: Readonly<Record<string, unknown>>;
  /** The config's benchmark. */
  readonly bench?: BenchSpec;
}
