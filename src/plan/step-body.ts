import { type Arg, onNode } from '../argument.ts';
import { portsOfServer } from './node-servers.ts';
import type { Process, StepBody } from './plan.ts';
import { portsOfRank } from './ports.ts';

/** A step of no worker and without GPUs, of its kind's name and on the head node unless something else is said. */
export function stepOf(own: Pick<StepBody, 'kind' | 'argv' | 'contained'> & Partial<StepBody>): StepBody {
  const none = { role: null, worker: null, gpus: [], env: {}, secrets: {}, ports: [] };
  return { name: own.kind, nodes: [0], ...none, ...own };
}

/** How many tasks a step has on each of its nodes. */
export function tasksPerNode({ mpi, localEnv }: Pick<StepBody, 'mpi' | 'localEnv'>): number {
  return mpi?.tasksPerNode ?? localEnv?.length ?? 1;
}

/** What a step runs on each of its nodes, in the order of their ranks. */
export function processesOf(step: StepBody): readonly Process[] {
  const { localEnv = [{}] } = step;
  const gpus = step.gpus.length / localEnv.length;
  return step.nodes.flatMap((node, rank) =>
    localEnv.map((own, local) => {
      const here = (word: Arg): Arg => onNode(word, node, rank);
      const words = step.rankArgv?.[rank * localEnv.length + local] ?? [];
      return {
        name: step.name,
        kind: step.kind,
        role: step.role,
        worker: step.worker,
        nodeIndex: node,
        nodeRank: rank,
        ...(step.localEnv && { localRank: local }),
        gpus: step.gpus.slice(local * gpus, (local + 1) * gpus),
        argv: [...step.argv, ...words].map(here),
        env: Object.fromEntries(
          Object.entries({ ...step.env, ...own }).map(([name, word]) => [name, here(word)]),
        ),
        ports: portsOfServer(portsOfRank(step.ports, rank), local),
      };
    }),
  );
}
