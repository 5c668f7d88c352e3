import type { NodeIndex, Ref, Word } from './plan.ts';

/** Address of the node that runs the process. */
export const SELF_IP: Ref = { ref: 'self-ip' };
export const RUN_DIR: Ref = { ref: 'run-dir' };
export const ATTEMPT_DIR: Ref = { ref: 'attempt-dir' };
export const CONTAINER: Ref = { ref: 'container' };
export const LOCAL_DIR: Ref = { ref: 'local-dir' };

export function nodeIp(node: NodeIndex): Ref {
  return { ref: 'node-ip', node };
}

/** The word as the process on one node of a step has it: its own address and rank filled in. */
export function onNode(word: Word, node: NodeIndex, rank: number): Word {
  if (typeof word === 'string') return word;
  const parts = word.map((part) => {
    if (typeof part === 'string') return part;
    if (part.ref === 'self-ip') return nodeIp(node);
    return part.ref === 'rank' ? String(rank) : part;
  });
  return parts.every((part) => typeof part === 'string') ? parts.join('') : parts;
}

/** The word as text, its run-time parts as `${NODE_IP[3]}`; ports are the plan's. */
export function wordText(word: Word): string {
  const planned = asPlanned(word);
  return typeof planned === 'string'
    ? planned
    : planned.map((part) => (typeof part === 'string' ? part : refText(part))).join('');
}

/** The word with the plan's own ports, wherever the job may move them. */
export function asPlanned(word: Word): Word {
  if (typeof word === 'string') return word;
  const parts = word.map((part) =>
    typeof part !== 'string' && part.ref === 'port' ? String(part.port) : part,
  );
  return parts.every((part) => typeof part === 'string') ? parts.join('') : parts;
}

/** Whether any of the words stands for a folder of the node's own. */
export function usesLocalDir(words: readonly Word[]): boolean {
  return words.some(
    (word) =>
      typeof word !== 'string' && word.some((part) => typeof part !== 'string' && part.ref === 'local-dir'),
  );
}

/** How lib.sh and task.sh name what only the job knows, and so how the plan's JSON does. */
export function refText(ref: Ref): string {
  switch (ref.ref) {
    case 'node-ip':
      return `\${NODE_IP[${ref.node}]}`;
    case 'node':
      return `\${NODE[${ref.node}]}`;
    case 'self-ip':
      return '${SELF_IP}';
    case 'rank':
      return '${NODE_RANK}';
    case 'port':
      return `\${PORT[${ref.port}]}`;
    case 'run-dir':
      return '${RUN_DIR}';
    case 'attempt-dir':
      return '${ATTEMPT_DIR}';
    case 'container':
      return '${CONTAINER}';
    case 'local-dir':
      return '${LOCAL_DIR}';
    default:
      return ref satisfies never;
  }
}
