/** Position of a node in the allocation, 0-based; the script binds it to a hostname at run time. */
export type NodeIndex = number & { readonly __brand?: 'NodeIndex' };

/**
 * A part of a command that only the running job can know.
 * In the plan's JSON: `${NODE_IP[i]}`, `${NODE[i]}`, `${RUN_DIR}`, `${RUN_DIR%/*}`, `${ATTEMPT_DIR}`, `${CONTAINER}`, `${LOCAL_DIR}`; `self` and `rank` are replaced for each process.
 */
export type Ref =
  | { readonly ref: 'node-ip'; readonly node: NodeIndex }
  | { readonly ref: 'node'; readonly node: NodeIndex }
  | { readonly ref: 'self-ip' }
  | { readonly ref: 'rank' }
  /** A port of the plan that the job may have moved; in JSON the plan's number. */
  | { readonly ref: 'port'; readonly port: number }
  | { readonly ref: 'run-dir' }
  /** The folder of the run folder, where the runs of its user are. */
  | { readonly ref: 'runs-dir' }
  /** Where this attempt keeps its logs and state: the run folder, after a requeue `attempts/N` in it. */
  | { readonly ref: 'attempt-dir' }
  /** The name of this attempt's containers, one on each node. */
  | { readonly ref: 'container' }
  /** A fresh folder on the node's own disk, one for each step that asks for it. */
  | { readonly ref: 'local-dir' };

/** One word of a command or one value of the environment: literal text, or text with run-time parts. */
export type Word = string | readonly (string | Ref)[];

/** Address of the node that runs the process. */
export const SELF_IP: Ref = { ref: 'self-ip' };
export const RUN_DIR: Ref = { ref: 'run-dir' };
export const RUNS_DIR: Ref = { ref: 'runs-dir' };
export const ATTEMPT_DIR: Ref = { ref: 'attempt-dir' };
export const CONTAINER: Ref = { ref: 'container' };
export const LOCAL_DIR: Ref = { ref: 'local-dir' };

export function nodeIp(node: NodeIndex): Ref {
  return { ref: 'node-ip', node };
}

/** A part as a word of its own. */
export function wordOf(part: string | Ref): Word {
  return typeof part === 'string' ? part : [part];
}

/** The word with some of its run-time parts replaced; text where none is left. */
function replaced(word: Word, replace: (part: Ref) => string | Ref): Word {
  if (typeof word === 'string') return word;
  const parts = word.map((part) => (typeof part === 'string' ? part : replace(part)));
  return parts.every((part) => typeof part === 'string') ? parts.join('') : parts;
}

/** The word as the process on one node of a step has it: its own address and rank filled in. */
export function onNode(word: Word, node: NodeIndex, rank: number): Word {
  return replaced(word, (part) => {
    if (part.ref === 'self-ip') return nodeIp(node);
    return part.ref === 'rank' ? String(rank) : part;
  });
}

/** The word with the plan's own ports, wherever the job may move them. */
export function asPlanned(word: Word): Word {
  return replaced(word, (part) => (part.ref === 'port' ? String(part.port) : part));
}

/** The word as text, its run-time parts as `${NODE_IP[3]}`; ports are the plan's. */
export function wordText(word: Word): string {
  return [replaced(asPlanned(word), refText)].flat().join('');
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
  if (ref.ref === 'runs-dir') return '${RUN_DIR%/*}';
  const name = ref.ref === 'rank' ? 'NODE_RANK' : ref.ref.toUpperCase().replaceAll('-', '_');
  const index = 'node' in ref ? `[${ref.node}]` : 'port' in ref ? `[${ref.port}]` : '';
  return `\${${name}${index}}`;
}
