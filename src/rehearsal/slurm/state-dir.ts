import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Environment } from '../../host/environment.ts';
import { type Fault, parseFaults } from '../fault.ts';
import { type NodeEngine, nodeEngineVariables, readNodeEngine } from './engine.ts';

/** The stand-in's state directory and settings, from its environment. */
export interface StandIn {
  /** State directory, absolute, mode 0700. */
  readonly dir: string;
  /** Milliseconds between SIGTERM and SIGKILL, Slurm's KillWait. */
  readonly killWait: number;
  /** The package's folder. */
  readonly root: string;
  /** Folders that come first in PATH on a node, after what it has in place of the machine's programs. */
  readonly path: readonly string[];
  /** Of the jobs that are submitted now; undefined for mock engines. */
  readonly engine: NodeEngine | undefined;
  readonly faults: readonly Fault[];
  /** The bundled entry, run as `node ENTRY PROGRAM ARGUMENT…`. */
  readonly entry: string;
  /** The environment that describes the stand-in. Every process of a job gets it. */
  readonly handed: Environment;
}

export type StateDir = Pick<StandIn, 'dir'>;

const HANDED = [
  'DYN_SLURM_STANDIN_CONTAINER',
  'DYN_SLURM_STANDIN_KILL_WAIT',
  'DYN_SLURM_STANDIN_PATH',
  'DYN_SLURM_STANDIN_FAULTS',
  'DYN_SLURM_REHEARSAL_SETUP',
  'DYN_SLURM_SPEEDUP',
  'DYN_SLURM_TOOLS',
];

/**
 * Reads the settings, and makes the state directory. `root`: the package's folder.
 * @throws DynSlurmError `usage` for a fault or an engine that cannot be read.
 */
export function readStandIn(env: Environment, root: string, entry: string): StandIn {
  const state = env.XDG_STATE_HOME || join(env.HOME || '/', '.local/state');
  const wanted = resolve(env.DYN_SLURM_STANDIN_DIR || join(state, 'dyn-slurm/slurm'));
  mkdirSync(join(wanted, 'jobs'), { recursive: true, mode: 0o700 });
  const dir = realpathSync(wanted);
  const folders = (env.DYN_SLURM_STANDIN_PATH ?? '').split(':').filter((folder) => folder !== '');
  const engine = readNodeEngine(env);
  return {
    dir,
    killWait: Number(env.DYN_SLURM_STANDIN_KILL_WAIT || 30) * 1000,
    root,
    path: [programDir({ dir }), ...folders],
    engine,
    faults: parseFaults(env.DYN_SLURM_STANDIN_FAULTS ?? ''),
    entry,
    handed: {
      DYN_SLURM_STANDIN_DIR: dir,
      ...nodeEngineVariables(engine),
      ...Object.fromEntries(HANDED.flatMap((name) => (env[name] ? [[name, env[name]]] : []))),
    },
  };
}

/** Folder of the wrappers that start Slurm's programs on a node, whose PATH may lack node. */
export function programDir({ dir }: StateDir): string {
  return join(dir, 'bin');
}

/** The value that marks all processes of a job, in the variable JOB_MARK. `dir`: the state directory. */
export function jobMark(dir: string, job: number | string): string {
  return `${createHash('sha256').update(realpathSync(dir)).digest('hex').slice(0, 8)}.${job}`;
}
