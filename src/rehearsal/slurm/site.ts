import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Fault, parseFaults } from '../fault.ts';
import type { Environment } from './call.ts';

/** The stand-in's cluster, from its environment. Spans are ms. */
export interface Site {
  /** State folder, 0700. */
  readonly dir: string;
  readonly maxNodes: number;
  /** Between SIGTERM and SIGKILL, Slurm's KillWait. */
  readonly killWait: number;
  /** How long squeue knows a job after its end, Slurm's MinJobAge. */
  readonly minJobAge: number;
  /** Folders on the nodes' PATH before the system's. */
  readonly path: readonly string[];
  readonly faults: readonly Fault[];
  /** Programs that a node has in place of the machine's. */
  readonly nodeBin: string;
  /** The bundled entry, run as `node ENTRY PROGRAM ARGUMENT…`. */
  readonly entry: string;
  /** Environment that describes the nodes; every process of a job gets it. */
  readonly handed: Readonly<Record<string, string>>;
}

const DIR = 'DYN_SLURM_STANDIN_DIR';
const SETTINGS = ['NODES', 'KILL_WAIT', 'MIN_JOB_AGE', 'PATH', 'FAULTS'].map(
  (name) => `DYN_SLURM_STANDIN_${name}`,
);
const OF_NODES = ['DYN_SLURM_SPEEDUP', 'DYN_SLURM_TOOLS'];

/** Makes the state folder. `root` is the package's folder. Throws DynSlurmError for a fault that it cannot read. */
export function readSite(env: Environment, root: string, entry: string): Site {
  const state = env.XDG_STATE_HOME || join(env.HOME || '/', '.local/state');
  const wanted = resolve(env[DIR] || join(state, 'dyn-slurm/slurm'));
  mkdirSync(join(wanted, 'jobs'), { recursive: true, mode: 0o700 });
  const dir = realpathSync(wanted);
  const number = (name: string, usual: number): number => Number(env[`DYN_SLURM_STANDIN_${name}`] || usual);
  return {
    dir,
    maxNodes: number('NODES', 250),
    killWait: number('KILL_WAIT', 30) * 1000,
    minJobAge: number('MIN_JOB_AGE', 300) * 1000,
    path: (env.DYN_SLURM_STANDIN_PATH ?? '').split(':').filter((folder) => folder !== ''),
    faults: parseFaults(env.DYN_SLURM_STANDIN_FAULTS ?? ''),
    nodeBin: join(root, 'rehearsal/node-bin'),
    entry,
    handed: {
      [DIR]: dir,
      ...Object.fromEntries(
        [...SETTINGS, ...OF_NODES].flatMap((name) => (env[name] ? [[name, env[name]]] : [])),
      ),
    },
  };
}

/** In the environment of all of a job's processes; `dir` is the state folder. */
export function jobMark(dir: string, job: number | string): string {
  return `${createHash('sha256').update(realpathSync(dir)).digest('hex').slice(0, 8)}.${job}`;
}
