import { pause } from '../../../host/pause.ts';
import { execCommand } from '../../../scheduler/step-argv.ts';
import type { FoundRun } from '../../runs/cluster/connect.ts';
import type { Chosen } from './choice.ts';

export interface MemoryBounds {
  /** Bytes that a worker's processes may grow by on one node, and that its node keeps free. */
  readonly growth: number;
  readonly free: number;
  /** Milliseconds between two looks. */
  readonly every: number;
}

const GIB = 2 ** 30;
export const MEMORY_BOUNDS: MemoryBounds = { growth: 8 * GIB, free: 2 * GIB, every: 2000 };

/** Milliseconds for one look. */
const LOOK_TIMEOUT = 20_000;

/**
 * Why a profile has to stop: a profiler that records keeps all of it in the engine's memory until it is stopped. Undefined once it
 * is over, and where a node does not tell, because its run has no such script.
 */
export async function memoryExceeded(
  { run, connection }: Pick<FoundRun, 'run' | 'connection'>,
  workers: readonly Chosen[],
  { growth, free, every }: MemoryBounds,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { host } = connection;
  const jobId = run.job?.jobId;
  if (jobId === undefined) return undefined;
  const script = `${await host.resolve(run.dir)}/runtime/stacks.sh`;
  const watch = async (step: string, node: string): Promise<string | undefined> => {
    let first: number | undefined;
    do {
      const words = ['bash', '-p', script, step, 'memory'];
      const argv = execCommand({ job: jobId, host: node, words, options: [], terminal: false, fed: false });
      const { stdout, exitCode } = await host.exec(argv, { timeout: LOOK_TIMEOUT, signal });
      const [, used, left] = /^memory (\d+) (\d+)$/m.exec(stdout) ?? [];
      if (exitCode !== 0 || used === undefined) return undefined;
      first ??= Number(used);
      if (Number(used) - first > growth)
        return `${step} has grown by ${gib(Number(used) - first)} GiB on ${node}`;
      if (Number(left) < free) return `${node} has only ${gib(Number(left))} GiB of memory left`;
    } while (await pause(every, signal));
    return undefined;
  };
  const watches = workers.flatMap(({ step, hosts }) =>
    hosts.map((node) => watch(step, node).catch(() => undefined)),
  );
  return new Promise((resolve) => {
    for (const each of watches) void each.then((reason) => reason !== undefined && resolve(reason));
    void Promise.all(watches).then(() => resolve(undefined));
  });
}

const gib = (bytes: number): string => (bytes / GIB).toFixed(1);
