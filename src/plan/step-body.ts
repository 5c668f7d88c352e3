import { type Arg, onNode } from '../argument.ts';
import type { Process, StepBody } from './plan.ts';
import { portsOfRank } from './ports.ts';

/** A step of no worker and without GPUs, of its kind's name and on the head node unless something else is said. */
export function stepOf(own: Pick<StepBody, 'kind' | 'argv' | 'contained'> & Partial<StepBody>): StepBody {
  const none = { role: null, worker: null, gpus: [], env: {}, secrets: {}, ports: [] };
  return { name: own.kind, nodes: [0], ...none, ...own };
}

/** What a step runs on each of its nodes, in the order of their ranks. */
export function processesOf(step: StepBody): readonly Process[] {
  return step.nodes.map((node, rank) => {
    const here = (word: Arg): Arg => onNode(word, node, rank);
    return {
      name: step.name,
      kind: step.kind,
      role: step.role,
      worker: step.worker,
      nodeIndex: node,
      nodeRank: rank,
      gpus: step.gpus,
      argv: [...step.argv, ...(step.rankArgv?.[rank] ?? [])].map(here),
      env: Object.fromEntries(Object.entries(step.env).map(([name, word]) => [name, here(word)])),
      ports: portsOfRank(step.ports, rank),
    };
  });
}
