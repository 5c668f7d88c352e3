import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { EngineType } from '../../config/schema/sections.ts';
import { DynSlurmError } from '../../errors.ts';
import type { Environment } from '../../host/environment.ts';

/** Modules that a Python with an engine has. */
const MODULES: Readonly<Partial<Record<EngineType, readonly string[]>>> = {
  sglang: ['sglang'],
  vllm: ['vllm'],
  mocker: [],
};

/** Milliseconds that Python may take to look for modules, on a slow file system. */
const LIMIT = 60_000;

/**
 * The Python of this machine that runs an engine: that of `installed`, an environment of dyn-slurm's, else python3 on PATH.
 * Absolute. `dynamo`: Dynamo's processes run, too. @throws DynSlurmError `preflight` where there is none
 */
export async function enginePython(
  engine: EngineType,
  dynamo: boolean,
  installed: string | undefined,
  env: Environment,
  signal: AbortSignal,
): Promise<string> {
  const own = MODULES[engine];
  if (own === undefined)
    throw new DynSlurmError('preflight', `engine.type ${engine} cannot be served without Slurm`, {
      hint: 'TensorRT-LLM needs the MPI of a cluster; on one machine serve SGLang or vLLM',
    });
  if (installed !== undefined && existsSync(installed)) return installed;
  const modules = [
    ...own,
    ...(dynamo ? ['dynamo', ...(engine === 'mocker' ? [] : [`dynamo.${engine}`])] : []),
  ];
  const [python, ...missing] = await lookFor(modules, env, signal);
  if (python !== undefined && missing.length === 0) return python;
  const lacks = missing.length === 0 ? '' : `, and ${python} lacks ${missing.join(' and ')}`;
  throw new DynSlurmError('preflight', `no environment with ${engine} is installed here${lacks}`, {
    hint: `\`dyn-slurm setup --engine ${engine}\` installs one; or activate one that has it`,
  });
}

/** The path of python3, and those of the modules that it lacks; nothing where there is no python3. */
function lookFor(
  modules: readonly string[],
  env: Environment,
  signal: AbortSignal,
): Promise<readonly string[]> {
  // A parent that is not there is an error to find_spec.
  const script = `import sys, importlib.util as u
def has(name):
    try: return u.find_spec(name) is not None
    except ImportError: return False
print(sys.executable, *[name for name in sys.argv[1:] if not has(name)], sep='\\n')`;
  const options = { env: { ...env, PATH: env.PATH || '/usr/bin:/bin' }, timeout: LIMIT, signal };
  return new Promise((resolve, reject) => {
    execFile('python3', ['-c', script, ...modules], options, (error, out) => {
      if (signal.aborted) reject(new DynSlurmError('interrupted', 'interrupted'));
      else resolve(error === null ? out.trim().split('\n') : []);
    });
  });
}
