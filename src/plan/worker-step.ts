import { type Arg, ATTEMPT_DIR } from '../argument.ts';
import { hasRequestPlane } from '../config/compat/planes.ts';
import type { Job } from '../config/job.ts';
import { servesAlone, usesDynamo } from '../config/schema/sections.ts';
import { engineOf } from '../engines/engines.ts';
import type { PlacedWorker } from '../engines/worker.ts';
import { serviceEnvironment, userEnvironment } from './environment.ts';
import { gpuShare } from './gpu-share.ts';
import { canaryEnvironment } from './hang.ts';
import { kernelCache } from './kernel-cache.ts';
import { mooncakeEnvironment } from './mooncake.ts';
import { portWord } from './movable-ports.ts';
import { nodeServers } from './node-servers.ts';
import type { StepBody } from './plan.ts';
import { workerPorts } from './ports.ts';
import { stepSetups } from './setup.ts';
import { type WorkerCommand, workerCommand } from './worker-command.ts';

/**
 * One srun for each worker: all of its nodes run the same command, and differ in rank and address; and so do the processes of
 * one node, where several serve there, which differ in GPUs and ports, too.
 */
export function workerStep(job: Job, worker: PlacedWorker): StepBody {
  const [first, ...others] = nodeServers(job, worker).map((server) => serverCommand(job, server));
  if (first === undefined) throw new Error(`${worker.name} has no process`);
  const { argv, env, secrets, ...more } = first;
  const differs = (name: string) =>
    others.some((other) => JSON.stringify(other.env[name]) !== JSON.stringify(env[name]));
  const part = (of: StepBody['env'], own: boolean) =>
    Object.fromEntries(Object.entries(of).filter(([name]) => differs(name) === own));
  const mooncake = mooncakeEnvironment(job, worker.name);
  const store = userEnvironment(mooncake.given);
  const serving = servingNodes(job, worker);
  const share = gpuShare(job, worker);
  const kernels = kernelCache(job, worker);
  return {
    name: worker.name,
    kind: 'worker',
    role: worker.role,
    worker: worker.index,
    nodes: worker.nodes,
    gpus: worker.gpus,
    argv: [...profilerWords(job, worker), ...argv],
    ...more,
    ...stepSetups(job, worker.role),
    ...(share && { share }),
    ...(kernels && { kernels }),
    ...(serving > 1 && { serving }),
    ...(others.length > 0 && { localEnv: [first, ...others].map((one) => part(one.env, true)) }),
    env: {
      ...serviceEnvironment(job),
      ...canaryEnvironment(job, worker.config),
      ...store.env,
      ...mooncake.env,
      ...part(env, false),
    },
    secrets: { ...store.secrets, ...secrets },
    ports: workerPorts(job, worker, argv),
    contained: true,
  };
}

/** The command of one of the processes that serve on a node. */
function serverCommand(job: Job, server: PlacedWorker): WorkerCommand {
  const { env, ...command } = workerCommand(job, server);
  const dynamo = usesDynamo(job) && hasRequestPlane(job);
  return {
    ...command,
    env: { ...(dynamo && { DYN_TCP_RPC_PORT: portWord('rpc', server.ports.rpc, job) }), ...env },
  };
}

/** How many of a worker's nodes serve, from the first on: all requests come in at the first where no frontend spreads them. */
function servingNodes(job: Job, worker: PlacedWorker): number {
  return servesAlone(job) ? 1 : (engineOf(job, worker.config).serving?.(worker) ?? 1);
}

/**
 * The words that put a worker under Nsight Systems, where the config asks for it. Nothing is recorded until the engine
 * calls cudaProfilerStart, which `dyn-slurm profile --tool nsys` asks for.
 *
 * - `repeat`: after a range nsys waits for the next; with `stop` it would end, and engines have stalled after that.
 * - `--kill=none`: the end of a range does not end the engine.
 * - `--wait=primary`: nsys ends with the engine, and does not wait for what that leaves behind.
 * - `--trace-fork-before-exec`: engines' processes, which own the GPUs, are children.
 * - `state/NAME.RANK.engine`: nsys 2022.4 passes SIGTERM on and then ends at once, and its step with it, while the engine
 *   still takes its leave. So task.sh tells the engine itself, and nsys ends after it.
 * - `%p`: a worker that is started again writes beside what it wrote before.
 *
 * https://docs.nvidia.com/nsight-systems/UserGuide/index.html#cli-profile-command-switch-options
 */
function profilerWords({ profile }: Job, { name, role }: PlacedWorker): readonly Arg[] {
  if (!profile?.roles.includes(role)) return [];
  return [
    'nsys',
    'profile',
    '--trace=cuda,nvtx',
    '--sample=none',
    '--cpuctxsw=none',
    '--cuda-graph-trace=node',
    '--trace-fork-before-exec=true',
    '--capture-range=cudaProfilerApi',
    '--capture-range-end=repeat',
    '--kill=none',
    '--wait=primary',
    ['--output=', ATTEMPT_DIR, `/logs/${name}.`, { ref: 'rank' }, '.%p'],
    ...profile.flags,
    'bash',
    '-c',
    'echo $$ >"$0" && exec "$@"',
    [ATTEMPT_DIR, `/state/${name}.`, { ref: 'rank' }, '.engine'],
  ];
}
