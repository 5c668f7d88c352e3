import type { Environment } from '../../host/environment.ts';
import type { Options } from './options.ts';

/** How a node that is this machine starts steps in containers, in place of pyxis. */
export interface NodeContainer {
  readonly runtime: 'docker' | 'enroot';
  /** The image as docker names it, or the container that enroot has of it. */
  readonly image: string;
}

const CONTAINER = 'DYN_SLURM_STANDIN_CONTAINER';

export function containerVariables(container: NodeContainer | undefined): Readonly<Record<string, string>> {
  return container === undefined ? {} : { [CONTAINER]: `${container.runtime}:${container.image}` };
}

/** Undefined where steps run on the machine itself. */
export function readNodeContainer(env: Environment): NodeContainer | undefined {
  const [, runtime, image = ''] = /^(docker|enroot):(.+)$/.exec(env[CONTAINER] ?? '') ?? [];
  return runtime === 'docker' || runtime === 'enroot' ? { runtime, image } : undefined;
}

/** What is the image's own, not the machine's. */
const OF_IMAGE = new Set(['PATH', 'LD_LIBRARY_PATH', 'HOME', 'PWD', 'OLDPWD', 'SHLVL', '_']);

/**
 * The command that starts a task in the container where srun's options ask for one; else the task's own. With the GPUs of the
 * job, the network of the machine, its user, and what pyxis would mount.
 */
export function inContainer(
  argv: readonly string[],
  options: Options,
  env: Environment,
  cwd: string,
): readonly string[] {
  const container = readNodeContainer(env);
  if (container === undefined || !options.has('container-image')) return argv;
  const mounts = (options.get('container-mounts') ?? '').split(',').filter((mount) => mount !== '');
  const names = Object.keys(env).filter((name) => env[name] !== undefined && !OF_IMAGE.has(name));
  const gpus = env.DYN_SLURM_NODE_GPUS ?? '';
  const [program = '', ...words] = argv;
  if (container.runtime === 'enroot')
    return [
      ...['enroot', 'start', '--rw'],
      ...mounts.flatMap((mount) => ['--mount', mount]),
      ...names.flatMap((name) => ['--env', name]),
      ...['--env', `NVIDIA_VISIBLE_DEVICES=${gpus || 'void'}`],
      ...[container.image, program, ...words],
    ];
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  return [
    ...['docker', 'run', '--rm', '--network', 'host', '--ipc', 'host', '--ulimit', 'memlock=-1'],
    ...['--user', user, '--workdir', cwd, ...(gpus === '' ? [] : ['--gpus', `"device=${gpus}"`])],
    ...mounts.flatMap((mount) => ['--volume', mount]),
    ...names.flatMap((name) => ['--env', name]),
    ...['--env', 'HOME=/tmp', '--entrypoint', program, container.image, ...words],
  ];
}
