import { dirname, join } from 'node:path';
import { DynSlurmError } from '../../errors.ts';
import type { Environment } from '../../host/environment.ts';

/**
 * What a job's nodes serve with in place of mock engines: an engine on the CPU with a tiny model, or the engines and GPUs
 * of this machine. A job keeps it from sbatch to its end.
 */
export interface NodeEngine {
  readonly kind: 'cpu' | 'real';
  /** The Python that has the engine, absolute. */
  readonly python: string;
}

/** The variable that says it, as `mock`, `cpu:/path/to/python` or `real:/path/to/python`. */
const NODE_ENGINE = 'DYN_SLURM_STANDIN_ENGINE';

/** Undefined for mock engines. @throws DynSlurmError `usage` */
export function readNodeEngine(env: Environment): NodeEngine | undefined {
  const given = env[NODE_ENGINE] || 'mock';
  if (given === 'mock') return undefined;
  const [, kind, python = ''] = /^(cpu|real):(\/.*)$/.exec(given) ?? [];
  if (kind === 'cpu' || kind === 'real') return { kind, python };
  throw new DynSlurmError('usage', `${NODE_ENGINE}=${given} is none of mock, cpu:PYTHON and real:PYTHON`, {
    hint: 'PYTHON is the absolute path of the Python that has the engine',
  });
}

/** The variable that `readNodeEngine` reads. */
export function nodeEngineVariables(engine: NodeEngine | undefined): Environment {
  return { [NODE_ENGINE]: engine && `${engine.kind}:${engine.python}` };
}

/** Folders with what a node has in place of this machine's programs. `root`: the package's folder. */
export function replacedPrograms(engine: NodeEngine | undefined, root: string): readonly string[] {
  const always = join(root, 'rehearsal/node-bin');
  return [always, join(root, engine?.kind === 'real' ? 'rehearsal/real-bin' : 'rehearsal/mock-bin')];
}

/** Folders with what came with the engine, such as py-spy and ninja. One that is on PATH keeps its place there. */
export function engineFolders(engine: NodeEngine | undefined, path: string): readonly string[] {
  if (engine === undefined) return [];
  const folder = dirname(engine.python);
  return path.split(':').includes(folder) ? [] : [folder];
}
