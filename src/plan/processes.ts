import type { Process, StepBody, Word } from './plan.ts';
import { portsOfRank } from './ports.ts';
import { onNode } from './word.ts';

/** What a step runs on each of its nodes, in the order of their ranks. */
export function processesOf(step: StepBody): readonly Process[] {
  return step.nodes.map((node, rank) => {
    const here = (word: Word): Word => onNode(word, node, rank);
    return {
      name: step.name,
      kind: step.kind,
      role: step.role,
      worker: step.worker,
      nodeIndex: node,
      nodeRank: rank,
      gpus: step.gpus,
      argv: step.argv.map(here),
      env: Object.fromEntries(Object.entries(step.env).map(([name, word]) => [name, here(word)])),
      ports: portsOfRank(step.ports, rank),
    };
  });
}
