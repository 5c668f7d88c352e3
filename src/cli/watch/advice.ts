import type { EventOf } from '../../observe/event.ts';

/** What a worker's last line suggests. The first match counts. */
const BY_LINE: readonly (readonly [said: RegExp, advice: string])[] = [
  [
    /the kernel killed|oom.kill/i,
    'ask for more memory (slurm.exclusive, or slurm.directives: {mem: …}), or let the engine page-lock less of it',
  ],
  [
    /out of memory|OutOfMemory/i,
    'lower mem-fraction-static or the batch sizes in the role’s args, or give the worker more GPUs',
  ],
  [
    /address already in use|EADDRINUSE/i,
    'another program has the port: choose another in infra.ports or frontend.port, or leave it to the job',
  ],
  [
    /NCCL|ibv_|RDMA|NIXL/,
    'look at the network between the nodes: `interface` of the cluster profile, NCCL_DEBUG=INFO in the role’s env',
  ],
  [
    /No such file or directory|does not exist|FileNotFound/i,
    'the file must be visible from the node, and inside the container: see mounts',
  ],
  [
    /ModuleNotFoundError|No module named|command not found|is not on the PATH/i,
    'the image or the node lacks it: see container.image and dynamo.version',
  ],
  [
    /unrecognized arguments|unexpected argument|invalid choice/i,
    'this release does not know the argument: see the role’s args and dynamo.version',
  ],
  [
    /pyxis|enroot|container-image/i,
    'the container did not start: see container.image, and container_runtime in the cluster profile',
  ],
];

const IMAGE =
  'see container.image, image_cache in the cluster profile, and on the nodes ~/.config/enroot/.credentials';

/** What to do about a verdict, as sentences; the log of what failed comes before. */
export function adviceFor(verdict: EventOf<'verdict'>): string | undefined {
  const { line = '', signal, exit, outcome, inferred, step } = verdict;
  if (step === 'image') return IMAGE;
  const known = BY_LINE.find(([said]) => said.test(line));
  if (known) return known[1];
  if (signal === 'KILL')
    return 'SIGKILL from outside is often the kernel’s out-of-memory killer: see dmesg on the node';
  if (exit === 127) {
    return 'the command is not on the node’s PATH, or not in the image: see container.image, or preamble in the cluster profile';
  }
  if (exit === 0) return 'a worker must run until it is told to end: its log says why it stopped';
  if (outcome === 'deadline')
    return 'a slow but healthy start needs a longer health.deadline or health.stall';
  if (inferred) return 'see job.log, and what the node or the administrators say';
  return undefined;
}
