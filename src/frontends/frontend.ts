import type { Arg, NodeIndex, Placeholder } from '../argument.ts';
import type { Program, Releases } from '../config/compat/engine-table.ts';
import type { Settings } from '../config/compat/flag-renames.ts';
import type { Job } from '../config/job.ts';
import type { JobConfig } from '../config/schema/job-schema.ts';
import type { Role } from '../config/schema/role.ts';
import type { FrontendType } from '../config/schema/sections.ts';
import type { Problem } from '../config/yaml/problem.ts';

/** All that differs from one kind of frontend to the next, as far as plans and their rules go. */
export interface Frontend {
  readonly type: FrontendType;
  /** As in a sentence: `SGLang's router`. */
  readonly title: string;
  /** Whether several of them may stand behind nginx. */
  readonly several: boolean;
  /** The programs whose parsers read its arguments; none where no table has them. */
  readonly programs: (releases: Releases) => readonly Program[];
  /** It is in no engine's image, so the engine's release does not tell its own. */
  readonly apart?: true;
  /** The program that reads all of its arguments from a file, as keys with underscores; absent where they are words. */
  readonly argumentFile?: (releases: Releases) => Program;
  /** Arguments that are dyn-slurm's to write, by what makes them: the path of a field, or words. Names have dashes. */
  readonly managed: Readonly<Record<string, string>>;
  /** Arguments and variables as the releases in the image write them. */
  readonly settings: (given: Settings, releases: Releases) => Settings;
  /** What it requires of the rest of the job. */
  readonly check: (job: JobConfig) => Iterable<Problem>;
  /** Absent where no process stands before the worker. */
  readonly command?: (context: FrontendContext) => FrontendCommand;
  /** Absent for Dynamo's frontend, which tells its workers by the endpoints that they register. */
  readonly ready?: RouterReadiness;
  /** Where its page of metrics is: on the port that clients use, or on one of its own; absent where it has none. */
  readonly metrics?: 'frontend' | 'router-metrics';
}

/** How a router that is told the addresses of its workers says that it has taken them. */
export interface RouterReadiness {
  /** Path that answers as soon as the process does. */
  readonly live: string;
  /** Path that answers, with status 200, once it can route. */
  readonly path: string;
  /** Names of numbers in the JSON of that answer: how many servers of a role it has. None where the status says it all. */
  readonly counts: Readonly<Partial<Record<Role, string>>>;
}

/** What a frontend is told whose command it makes. */
export interface FrontendContext {
  readonly job: Job;
  readonly node: NodeIndex;
  /** Its arguments and variables, as its release writes them, without secrets. */
  readonly settings: Settings;
  /** Where clients, or nginx, connect. */
  readonly port: string | Placeholder;
  /** A port for metrics, where the process has one of its own for them. */
  readonly metricsPort: string | Placeholder;
  /** The workers' HTTP servers in the order of the plan; none under Dynamo. */
  readonly servers: readonly WorkerServer[];
}

/** An HTTP server of a worker: of its first node, or of each that serves. */
export interface WorkerServer {
  readonly role: Role;
  /** `ADDRESS:PORT`. */
  readonly address: readonly (string | Placeholder)[];
  /** Where a prefill worker hands over KV caches: its bootstrap port, or NIXL's side channel. */
  readonly handover?: string | Placeholder;
  /** Data parallel ranks behind it, as far as it balances them itself. */
  readonly ranks: number;
  /** Whether it is the only server of its worker. */
  readonly whole: boolean;
}

export interface FrontendCommand {
  readonly argv: readonly Arg[];
  readonly env: Readonly<Record<string, Arg>>;
  /** A file of the run folder's `steps` that the node fills in: its text, with the node's addresses as parts. */
  readonly file?: { readonly name: string; readonly text: Arg };
  /** It has to run as a program of MPI, of one task. */
  readonly mpi?: true;
  /** It starts only once all servers answer at `/health`, because it gives up on those that do not. */
  readonly waits?: true;
}
