import { execFile } from 'node:child_process';
import type { EngineType } from '../../config/schema/sections.ts';
import { engineOfType } from '../../engines/engines.ts';
import { DynSlurmError } from '../../errors.ts';
import type { Environment } from '../../host/environment.ts';

/** Any release of Dynamo whose modules have their names of today. */
const NEWEST = '1.6.1';

/** Milliseconds that Python may take to look for modules, on a slow file system. */
const LIMIT = 60_000;

/**
 * The machine's own Python, where it has an engine: python3 on PATH. Absolute. `dynamo`: Dynamo's processes run, too.
 * @throws DynSlurmError `preflight` where it lacks something
 */
export async function ownPython(
  engine: EngineType,
  dynamo: boolean,
  { env, signal }: { readonly env: Environment; readonly signal: AbortSignal },
): Promise<string> {
  const { title, module, packageExtra, pythonModules: own } = engineOfType(engine);
  if (own === undefined)
    throw new DynSlurmError('preflight', `${title} needs the MPI of Slurm, which serve goes without`, {
      hint: 'serve with another engine.type, or submit to a cluster',
    });
  const modules = [...own, ...(dynamo ? ['dynamo', module('aggregated', NEWEST)] : [])];
  const [python, ...missing] = await lookFor(modules, env, signal);
  if (python !== undefined && missing.length === 0) return python;
  const lacks = missing.length === 0 ? '' : `, and ${python} lacks ${missing.join(' and ')}`;
  throw new DynSlurmError('preflight', `no Python with ${title} is installed here${lacks}`, {
    hint: packageExtra
      ? `\`dyn-slurm setup --engine ${packageExtra}\` installs one; or activate one that has ai-dynamo[${packageExtra}]`
      : 'activate an environment that has ai-dynamo',
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
